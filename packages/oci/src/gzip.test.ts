import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gzip } from './gzip.ts';

async function gzipped(chunks: Buffer[]): Promise<Buffer> {
  async function* source() {
    yield* chunks;
  }
  const out: Buffer[] = [];
  for await (const chunk of gzip(source())) out.push(chunk);
  return Buffer.concat(out);
}

describe('gzip', () => {
  it('writes what gunzip reads, whatever the size', async () => {
    const sizes = fc.oneof(fc.nat(2000), fc.constantFrom(2 ** 18 - 1, 2 ** 18, 2 ** 18 + 1, 3 * 2 ** 20 + 7));
    await fc.assert(
      fc.asyncProperty(sizes, async (size) => {
        // Half noise, half repetition that reaches back over block borders.
        const noise = randomBytes(Math.ceil(size / 2));
        const input = Buffer.concat([noise, noise]).subarray(0, size);
        expect(gunzipSync(await gzipped([input])).equals(input)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('gives the same bytes however the input is cut', async () => {
    const input = Buffer.from('to be or not to be, '.repeat(100_000));
    const whole = await gzipped([input]);
    const pieces: Buffer[] = [];
    for (let at = 0; at < input.length; at += 65_537) pieces.push(input.subarray(at, at + 65_537));
    expect((await gzipped(pieces)).equals(whole)).toBe(true);
  });

  it('uses what it saw in the block before', async () => {
    const noise = randomBytes(30_000);
    const blocks = [Buffer.alloc(2 ** 20 - noise.length), noise, noise];
    expect((await gzipped(blocks)).length).toBeLessThan(noise.length * 1.2);
  });

  it('has no time, name or system in its header', async () => {
    expect((await gzipped([Buffer.from('x')])).subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
  });

  it('is one member without trailing bytes to gzip itself', async () => {
    const input = await gzipped([Buffer.alloc(3 * 2 ** 20, 'ab')]);
    const result = spawnSync('gzip', ['-t', '-v'], { input });
    expect(String(result.stderr)).toMatch(/OK/);
    expect(String(result.stderr)).not.toMatch(/trailing/);
  });
});
