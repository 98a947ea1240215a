import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

let aws: LocalAws;
let s3: S3Client;
const Bucket = 'models';

const connect = (to: LocalAws) =>
  new S3Client({
    endpoint: to.url,
    region: to.region,
    maxAttempts: 1,
    credentials: to.credentials,
  });

beforeAll(async () => {
  aws = await startLocalAws();
  s3 = connect(aws);
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterAll(async () => {
  s3.destroy();
  await aws.close();
});

const put = (Key: string, Body: string, extra = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...extra }));
const get = (Key: string, extra = {}) => s3.send(new GetObjectCommand({ Bucket, Key, ...extra }));
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('expected S3 to refuse'),
    (error: Error & { $metadata: { httpStatusCode: number } }) => ({
      name: error.name,
      status: error.$metadata.httpStatusCode,
    }),
  );

describe('objects', () => {
  it('come back with the bytes, type, metadata and md5 they went in with', async () => {
    await put('a/ünïcode 模型+%.txt', 'hello', { ContentType: 'text/plain', Metadata: { commit: 'abc' } });
    const object = await get('a/ünïcode 模型+%.txt');
    expect(await object.Body!.transformToString()).toBe('hello');
    expect(object).toMatchObject({
      ContentType: 'text/plain',
      Metadata: { commit: 'abc' },
      ETag: `"${createHash('md5').update('hello').digest('hex')}"`,
      ContentLength: 5,
    });
  });

  it('may be empty, and may have keys that look like paths out of the folder', async () => {
    for (const key of ['../../etc/passwd', './x', 'a', 'a/', 'a//b', '.', 'con\u0001trol']) {
      await put(key, `content of ${key}`);
      expect(await (await get(key)).Body!.transformToString()).toBe(`content of ${key}`);
    }
    await put('empty', '');
    expect(await (await get('empty')).Body!.transformToString()).toBe('');
  });

  it('stream in as aws-chunked with a trailing checksum', async () => {
    const body = Readable.from(
      (function* () {
        for (let i = 0; i < 40; i++) yield Buffer.alloc(10_000, i);
      })(),
    );
    const sent = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key: 'stream',
        Body: body,
        ContentLength: 400_000,
        ChecksumAlgorithm: 'SHA256',
      }),
    );
    const whole = Buffer.concat(Array.from({ length: 40 }, (_, i) => Buffer.alloc(10_000, i)));
    expect(sent.ChecksumSHA256).toBe(createHash('sha256').update(whole).digest('base64'));
    expect(Buffer.from(await (await get('stream')).Body!.transformToByteArray()).equals(whole)).toBe(true);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'carry %s checksums that the official client computes and verifies',
    async (ChecksumAlgorithm) => {
      await put('checked', 'some bytes', { ChecksumAlgorithm });
      const object = await get('checked', { ChecksumMode: 'ENABLED' });
      expect(object[`Checksum${ChecksumAlgorithm}`]).toBeTruthy();
      expect(await object.Body!.transformToString()).toBe('some bytes');
    },
  );

  it('are refused when the bytes are not what the client says, and leave what was there', async () => {
    await put('precious', 'old');
    expect(await refusal(put('precious', 'new', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }))).toEqual({
      name: 'BadDigest',
      status: 400,
    });
    expect(await refusal(put('precious', 'new', { ChecksumSHA256: `${'A'.repeat(43)}=` }))).toEqual({
      name: 'BadDigest',
      status: 400,
    });
    expect(await (await get('precious')).Body!.transformToString()).toBe('old');
  });

  it('are served in ranges, suffixes too, and 416 past the end', async () => {
    await put('digits', '0123456789');
    const part = await get('digits', { Range: 'bytes=2-4' });
    expect([await part.Body!.transformToString(), part.ContentRange]).toEqual(['234', 'bytes 2-4/10']);
    expect(await (await get('digits', { Range: 'bytes=-3' })).Body!.transformToString()).toBe('789');
    expect(await (await get('digits', { Range: 'bytes=7-' })).Body!.transformToString()).toBe('789');
    expect(await refusal(get('digits', { Range: 'bytes=10-' }))).toEqual({
      name: 'InvalidRange',
      status: 416,
    });
  });

  it('obey conditions on reads and writes', async () => {
    const { ETag } = await put('guarded', 'one', { IfNoneMatch: '*' });
    expect(await refusal(put('guarded', 'two', { IfNoneMatch: '*' }))).toEqual({
      name: 'PreconditionFailed',
      status: 412,
    });
    expect(await refusal(put('guarded', 'two', { IfMatch: '"0"' }))).toMatchObject({ status: 412 });
    expect(await refusal(put('never written', 'two', { IfMatch: '"0"' }))).toMatchObject({ status: 404 });
    expect(await refusal(get('guarded', { IfNoneMatch: ETag }))).toMatchObject({ status: 304 });
    expect(await refusal(get('guarded', { IfMatch: '"0"' }))).toMatchObject({ status: 412 });
    await put('guarded', 'two', { IfMatch: ETag });
    expect(await (await get('guarded')).Body!.transformToString()).toBe('two');
  });

  it('are copied and deleted; what is gone is NoSuchKey, and 404 to HEAD', async () => {
    await put('from', 'x', { ContentType: 'text/x' });
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from` }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'from' }));
    expect((await get('to')).ContentType).toBe('text/x');
    expect(await refusal(get('from'))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await refusal(s3.send(new HeadObjectCommand({ Bucket, Key: 'from' })))).toMatchObject({
      status: 404,
    });
    const deleted = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'to' }, { Key: 'never' }] } }),
    );
    expect(deleted.Deleted?.map((one) => one.Key)).toEqual(['to', 'never']);
  });

  it('keep their versions in a versioned bucket', async () => {
    const versioned = { Bucket: 'versioned' };
    await s3.send(new CreateBucketCommand(versioned));
    await s3.send(
      new PutBucketVersioningCommand({ ...versioned, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    const first = await s3.send(new PutObjectCommand({ ...versioned, Key: 'k', Body: 'one' }));
    await s3.send(new PutObjectCommand({ ...versioned, Key: 'k', Body: 'two' }));
    const marker = await s3.send(new DeleteObjectCommand({ ...versioned, Key: 'k' }));
    expect(marker.DeleteMarker).toBe(true);
    expect(await refusal(s3.send(new GetObjectCommand({ ...versioned, Key: 'k' })))).toMatchObject({
      name: 'NoSuchKey',
    });
    const old = await s3.send(new GetObjectCommand({ ...versioned, Key: 'k', VersionId: first.VersionId! }));
    expect(await old.Body!.transformToString()).toBe('one');
    const listed = await s3.send(new ListObjectVersionsCommand(versioned));
    expect([listed.Versions?.length, listed.DeleteMarkers?.length]).toEqual([2, 1]);
    await s3.send(new DeleteObjectCommand({ ...versioned, Key: 'k', VersionId: marker.VersionId! }));
    const back = await s3.send(new GetObjectCommand({ ...versioned, Key: 'k' }));
    expect(await back.Body!.transformToString()).toBe('two');
  });
});

describe('listing', () => {
  it('pages through keys in byte order and groups common prefixes', async () => {
    const where = { Bucket: 'listing' };
    await s3.send(new CreateBucketCommand(where));
    // U+FF46 sorts before U+1F600 in UTF-8 and after it in UTF-16.
    const keys = ['a/1', 'a/2', 'b', 'c d', 'e/f/g', 'z\u{1F600}', 'z\uFF46', 'tab\t&<'];
    for (const Key of keys) await s3.send(new PutObjectCommand({ ...where, Key, Body: 'x' }));
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ ...where, MaxKeys: 3, ...(ContinuationToken && { ContinuationToken }) }),
      );
      seen.push(...(page.Contents ?? []).map((object) => object.Key!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(seen).toEqual(
      keys
        .map((key) => Buffer.from(key))
        .sort(Buffer.compare)
        .map(String),
    );
    const grouped = await s3.send(new ListObjectsV2Command({ ...where, Delimiter: '/', MaxKeys: 2 }));
    expect(grouped.CommonPrefixes).toEqual([{ Prefix: 'a/' }]);
    expect(grouped.Contents?.map((object) => object.Key)).toEqual(['b']);
    const rest = await s3.send(
      new ListObjectsV2Command({
        ...where,
        Delimiter: '/',
        ContinuationToken: grouped.NextContinuationToken!,
      }),
    );
    expect(rest.CommonPrefixes).toEqual([{ Prefix: 'e/' }]);
    const after = await s3.send(
      new ListObjectsV2Command({ ...where, Prefix: 'a/', StartAfter: 'a/1', EncodingType: 'url' }),
    );
    expect(after.Contents?.map((object) => object.Key)).toEqual(['a/2']);
  });

  it('names a missing bucket, and refuses bad names and full buckets', async () => {
    const missing = s3.send(new ListObjectsV2Command({ Bucket: 'no-such-bucket' }));
    expect(await refusal(missing)).toEqual({ name: 'NoSuchBucket', status: 404 });
    const bad = s3.send(new CreateBucketCommand({ Bucket: 'Bad_Name' }));
    expect(await refusal(bad)).toMatchObject({ name: 'InvalidBucketName' });
    await put('full', 'x');
    const full = s3.send(new DeleteBucketCommand({ Bucket }));
    expect(await refusal(full)).toEqual({ name: 'BucketNotEmpty', status: 409 });
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map((one) => one.Name)).toContain(Bucket);
  });
});

describe('multipart upload', () => {
  it('joins parts in order under the md5 of their md5s', async () => {
    const target = { Bucket, Key: 'big file' };
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ ...target, ContentType: 'application/x' }),
    );
    const bodies = [Buffer.alloc(5 << 20, 'a'), Buffer.alloc(1000, 'b')];
    const Parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const PartNumber = index + 1;
        const { ETag } = await s3.send(
          new UploadPartCommand({ ...target, UploadId: UploadId!, PartNumber, Body }),
        );
        return { PartNumber, ETag: ETag! };
      }),
    );
    const listed = await s3.send(new ListPartsCommand({ ...target, UploadId: UploadId! }));
    expect(listed.Parts?.map((part) => part.Size)).toEqual([5 << 20, 1000]);
    const complete = (MultipartUpload: { Parts: typeof Parts }) =>
      s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId: UploadId!, MultipartUpload }));
    expect(await refusal(complete({ Parts: [...Parts].reverse() }))).toMatchObject({
      name: 'InvalidPartOrder',
    });
    const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest();
    const { ETag } = await complete({ Parts });
    expect(ETag).toBe(`"${md5(Buffer.concat(bodies.map(md5))).toString('hex')}-2"`);
    const object = await get('big file');
    expect(object.ContentType).toBe('application/x');
    expect(Buffer.from(await object.Body!.transformToByteArray()).equals(Buffer.concat(bodies))).toBe(true);
    expect(await refusal(complete({ Parts }))).toMatchObject({ name: 'NoSuchUpload', status: 404 });
  });
});

it('a restarted server serves what it served; a broken upload left nothing', async () => {
  const data = mkdtempSync(join(tmpdir(), 'local-aws-test-'));
  const first = await startLocalAws({ data });
  const client = connect(first);
  await client.send(new CreateBucketCommand({ Bucket }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'still here' }));
  const cut = fetch(`${first.url}/${Bucket}/cut`, {
    method: 'PUT',
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request' },
    body: Readable.toWeb(
      Readable.from(
        (function* () {
          yield Buffer.alloc(1000);
          throw new Error('connection lost');
        })(),
      ),
    ) as ReadableStream,
    duplex: 'half',
  } as RequestInit);
  await expect(cut).rejects.toThrow();
  client.destroy();
  await first.close();

  const second = await startLocalAws({ data });
  const again = connect(second);
  const object = await again.send(new GetObjectCommand({ Bucket, Key: 'kept' }));
  expect(await text(object.Body as Readable)).toBe('still here');
  const listed = await again.send(new ListObjectsV2Command({ Bucket }));
  expect(listed.Contents?.map((one) => one.Key)).toEqual(['kept']);
  again.destroy();
  await second.close();
  await rm(data, { recursive: true });
});
