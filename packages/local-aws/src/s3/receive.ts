import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { AwsError } from '../errors.ts';
import type { Call } from '../http/call.ts';
import { AwsChunkedDecoder } from './aws-chunked.ts';
import { type ChecksumName, checksumOf, createChecksum } from './checksums.ts';

/** Bytes that arrived whole and match everything the client said of them. */
export interface Received {
  file: string;
  sizeBytes: number;
  /** md5 in hex: S3's ETag for one part. */
  md5: string;
  checksum?: { name: ChecksumName; value: string };
}

const badDigest = (what: string) =>
  new AwsError('BadDigest', `The ${what} you specified did not match the calculated checksum.`);

/** Streams a request body into `file`, checking Content-MD5, x-amz-content-sha256 and x-amz-checksum-*; on any mismatch the file is gone. */
export async function receive(call: Call, file: string): Promise<Received> {
  const chunked = call.headers['content-encoding']?.includes('aws-chunked')
    ? new AwsChunkedDecoder()
    : undefined;
  const announced = Object.keys(call.headers).concat(header(call, 'x-amz-trailer') ?? []);
  const name = announced.map(checksumOf).find((one) => one !== undefined);
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  const declaredSha256 = header(call, 'x-amz-content-sha256');
  const signedPayload = declaredSha256 !== undefined && /^[0-9a-f]{64}$/.test(declaredSha256);
  const checksum = name && createChecksum(name);
  let sizeBytes = 0;
  async function* measure(source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      sizeBytes += chunk.length;
      md5.update(chunk);
      if (signedPayload) sha256.update(chunk);
      checksum?.update(chunk);
      yield chunk;
    }
  }
  try {
    const sink = createWriteStream(file, { flags: 'wx' });
    if (chunked) await pipeline(call.body, chunked, measure, sink);
    else await pipeline(call.body, measure, sink);
    const digest = md5.digest();
    if (signedPayload && sha256.digest('hex') !== declaredSha256)
      throw new AwsError(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    const declaredMd5 = header(call, 'content-md5');
    if (declaredMd5 !== undefined && declaredMd5 !== digest.toString('base64'))
      throw badDigest('Content-MD5');
    const declaredSize = header(call, 'x-amz-decoded-content-length');
    if (declaredSize !== undefined && Number(declaredSize) !== sizeBytes)
      throw new AwsError('IncompleteBody', 'The body is not as long as x-amz-decoded-content-length says');
    const received: Received = { file, sizeBytes, md5: digest.toString('hex') };
    if (!name || !checksum) return received;
    const value = checksum.digest();
    const declared =
      header(call, `x-amz-checksum-${name}`) ?? chunked?.trailers.get(`x-amz-checksum-${name}`);
    if (declared !== undefined && declared !== value) throw badDigest(name.toUpperCase());
    return { ...received, checksum: { name, value } };
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

function header(call: Call, name: string): string | undefined {
  const value = call.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
