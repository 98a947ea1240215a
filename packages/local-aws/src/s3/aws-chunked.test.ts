import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AwsChunkedDecoder } from './aws-chunked.ts';

/** A body as clients write it: chunks of these sizes, signed or not, then trailers. */
function encode(chunks: Uint8Array[], signed: boolean, trailers: [string, string][]): Buffer {
  const parts = [...chunks.filter((chunk) => chunk.length > 0), new Uint8Array()].map((chunk) => {
    const head = `${chunk.length.toString(16)}${signed ? `;chunk-signature=${'0'.repeat(64)}` : ''}\r\n`;
    return Buffer.concat([Buffer.from(head), chunk, Buffer.from(chunk.length > 0 ? '\r\n' : '')]);
  });
  const lines = trailers.map(([name, value]) => `${name}:${value}\r\n`);
  return Buffer.concat([...parts, Buffer.from(`${lines.join('')}\r\n`)]);
}

/** Cuts bytes at any places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const body = fc.record({
  chunks: fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }),
  signed: fc.boolean(),
  places: fc.array(fc.nat(), { maxLength: 8 }),
});

it('gives back the bytes and trailers, however they were cut on their way', async () => {
  await fc.assert(
    fc.asyncProperty(body, async ({ chunks, signed, places }) => {
      const decoder = new AwsChunkedDecoder();
      const sent = encode(chunks, signed, [['x-amz-checksum-crc32', 'AAAAAA==']]);
      const received = await buffer(Readable.from(cut(sent, places)).pipe(decoder));
      expect(received).toEqual(Buffer.concat(chunks));
      expect([...decoder.trailers]).toEqual([['x-amz-checksum-crc32', 'AAAAAA==']]);
    }),
  );
});

it('refuses a body that breaks off before its last chunk', async () => {
  await fc.assert(
    fc.asyncProperty(body, fc.nat(), async ({ chunks, signed }, where) => {
      const whole = encode(chunks, signed, []);
      // The last chunk's size line and the final line end may be lost without losing content.
      const needed = whole.length - `0${signed ? `;chunk-signature=${'0'.repeat(64)}` : ''}\r\n\r\n`.length;
      fc.pre(needed > 0);
      const decoder = new AwsChunkedDecoder();
      decoder.end(whole.subarray(0, where % needed));
      await expect(buffer(decoder)).rejects.toThrow('aws-chunked');
    }),
  );
});

it.each(['zz\r\n', '-1\r\n', '5\r\nabcdefgh', `${'a'.repeat(20_000)}`])('refuses %j', async (text) => {
  const decoder = new AwsChunkedDecoder();
  decoder.end(Buffer.from(text));
  await expect(buffer(decoder)).rejects.toMatchObject({ code: 'IncompleteBody' });
});
