import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startLocalAws } from '@mainline/local-aws';
import { beforeAll, describe, expect, it } from 'vitest';
import { s3 } from '../../test/events.ts';
import { startHandler, useAwsAt } from '../../test/service.ts';
import { UnsupportedEvent } from '../errors.ts';
import { readRows } from './rows.ts';

useAwsAt(() => startLocalAws());
const { handler } = await startHandler();
const bucket = 'texts';
let client: S3Client;
beforeAll(async () => {
  client = new S3Client();
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
});
const put = (key: string, body: string | Buffer, more = {}) =>
  client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...more }));
async function predictions(key: string) {
  const { Body } = await client.send(
    new GetObjectCommand({ Bucket: bucket, Key: `${key}.predictions.jsonl` }),
  );
  const text = await Body!.transformToString();
  return [...text.matchAll(/(.*)\n/g)].map(([line]) => JSON.parse(line));
}

const spam = { label: 'spam', score: expect.closeTo(0.9627, 4), scores: expect.anything(), truncated: false };

describe('a new object', () => {
  it('of JSON lines gets its predictions beside it, row by row', async () => {
    const key = 'in/new mäils+1 %2B.jsonl';
    const rows = [
      '{"text":"Free winner!"}',
      '"Free winner!"',
      '',
      '{"sentence":""}',
      'not json',
      '{"texts":["a","b"]}',
    ];
    await put(key, `\ufeff${rows.join('\r\n')}`);
    const output = `${key}.predictions.jsonl`;
    expect(await handler(s3(bucket, [key]))).toEqual({
      objects: [{ bucket, key, output, rows: 5, failed: 3 }],
    });
    expect(await predictions(key)).toEqual([
      { row: 1, ...spam },
      { row: 2, ...spam },
      {
        row: 3,
        error: { code: 'invalid_request', message: '"sentence" is empty: there is nothing to classify.' },
      },
      { row: 4, error: { code: 'invalid_json', message: expect.stringMatching(/^The line is not JSON/) } },
      { row: 5, error: { code: 'invalid_request', message: 'A row has one text, not several.' } },
    ]);
  });

  it('of CSV too, with quotes, line ends in a field and other columns', async () => {
    await put('mails.csv', '\ufeffid,Text\r\n1,"Free\nwinner!"\r\n2,"""meeting"" notes"\r\n3,\r\n');
    expect(await handler(s3(bucket, ['mails.csv']))).toMatchObject({ objects: [{ rows: 3, failed: 1 }] });
    expect(await predictions('mails.csv')).toEqual([
      { row: 1, ...spam },
      {
        row: 2,
        label: 'ham',
        score: expect.any(Number),
        scores: expect.anything(),
        truncated: expect.any(Boolean),
      },
      {
        row: 3,
        error: { code: 'invalid_request', message: '"text" is empty: there is nothing to classify.' },
      },
    ]);
  });

  it.each([
    ['sentence', 'sentence\nFree winner!\n'],
    ['text before sentence', 'Sentence,label,TEXT\nmeeting,ham,Free winner!\n'],
    ['text twice', 'text,text\nFree winner!,meeting\n'],
  ])('of CSV is read by its column %s', async (name, body) => {
    await put(`${name}.csv`, body);
    expect(await handler(s3(bucket, [`${name}.csv`]))).toMatchObject({ objects: [{ rows: 1, failed: 0 }] });
    expect(await predictions(`${name}.csv`)).toEqual([{ row: 1, ...spam }]);
  });

  it('that is compressed, by its name or by its encoding', async () => {
    await put('a.jsonl.gz', gzipSync('"Free winner!"\n'));
    await put('b.csv', gzipSync('text\nFree winner!\n'), { ContentEncoding: 'gzip' });
    const keys = ['a.jsonl.gz', 'b.csv'];
    const counts = { rows: 1, failed: 0 };
    expect(await handler(s3(bucket, keys))).toMatchObject({ objects: [counts, counts] });
    for (const key of keys) expect(await predictions(key)).toEqual([{ row: 1, ...spam }]);
    await put('cut.jsonl.gz', gzipSync('"Free winner!"\n').subarray(0, 20));
    await expect(handler(s3(bucket, ['cut.jsonl.gz']))).rejects.toThrow('unexpected end of file');
  });

  it('without a row has no predictions', async () => {
    for (const [key, body] of Object.entries({ 'a.csv': '', 'b.csv': 'text\n', 'c.jsonl': '\n' })) {
      await put(key, body);
      expect(await handler(s3(bucket, [key]))).toMatchObject({ objects: [{ rows: 0, failed: 0 }] });
      expect(await predictions(key)).toEqual([]);
    }
  });

  it('is read in the version that the event is about', async () => {
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new CreateBucketCommand({ Bucket: 'versions' }));
    await client.send(new PutBucketVersioningCommand({ Bucket: 'versions', VersioningConfiguration }));
    const { VersionId } = await put('a.jsonl', '"Free winner!"', { Bucket: 'versions' });
    await put('a.jsonl', '1\n2\n3', { Bucket: 'versions' });
    const event = s3('versions', ['a.jsonl']);
    event.Records[0]!.s3.object.versionId = VersionId!;
    expect(await handler(event)).toMatchObject({ objects: [{ rows: 1, failed: 0 }] });
  });

  it('of many rows is streamed: more than fits into one part of an upload', async () => {
    await put('many.jsonl', '{"text":"Free winner!"}\n'.repeat(60_000));
    expect(await handler(s3(bucket, ['many.jsonl']))).toMatchObject({
      objects: [{ rows: 60_000, failed: 0 }],
    });
    const rows = await predictions('many.jsonl');
    expect(rows).toHaveLength(60_000);
    expect(rows.at(-1)).toEqual({ row: 60_000, ...spam });
  });

  it('that is an answer, or is gone, is left alone', async () => {
    const key = 'in.jsonl.predictions.jsonl';
    expect(await handler(s3(bucket, [key]))).toEqual({ objects: [{ bucket, key, skipped: true }] });
    expect(await handler(s3(bucket, ['a.csv'], 'ObjectRemoved:Delete'))).toMatchObject({
      objects: [{ skipped: true }],
    });
    expect(await handler({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: bucket })).toEqual({
      objects: [],
    });
  });

  it('of another format or that can not be read fails the invocation, so that it is tried again or put aside', async () => {
    await expect(handler(s3(bucket, ['a.parquet']))).rejects.toThrow(UnsupportedEvent);
    await expect(handler(s3(bucket, ['missing.csv']))).rejects.toThrow(/NoSuchKey|specified key/);
    for (const body of ['text\n"never closed', 'text\nsecret "quote', 'text\n"secret" quote']) {
      await put('broken.csv', body);
      await expect(handler(s3(bucket, ['broken.csv']))).rejects.toThrow(
        /^the CSV is broken at line \d: [A-Z_]+$/,
      );
    }
    await expect(predictions('broken.csv')).rejects.toThrow(/NoSuchKey|specified key/);
    await put('other.csv', 'id,secret\n1,Free winner!\n');
    await expect(handler(s3(bucket, ['other.csv']))).rejects.toThrow(
      /^the CSV's first line names no column text or sentence$/,
    );
  });

  it('that fails after parts of its answer were written leaves none of them', async () => {
    await put('late.csv', `text\n${'Free winner!\n'.repeat(60_000)}"never closed`);
    await expect(handler(s3(bucket, ['late.csv']))).rejects.toThrow('the CSV is broken at line 60002');
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    expect(Uploads).toEqual([]);
    await expect(predictions('late.csv')).rejects.toThrow(/NoSuchKey|specified key/);
  });
});

it('a line without end is never held whole', async () => {
  let chunks = 0;
  async function* endless() {
    for (; chunks < 1000; chunks++) yield Buffer.alloc(100_000, 'a');
    yield Buffer.from('\n{"text":"a"}');
  }
  const rows = [];
  for await (const row of readRows(Readable.from(endless()), 'jsonl', 1_000_000)) rows.push(row);
  expect(rows).toEqual([expect.objectContaining({ code: 'too_large' }), { text: 'a' }]);
});
