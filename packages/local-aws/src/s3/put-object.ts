import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../errors.ts';
import type { Reply } from '../http/call.ts';
import type { ObjectVersion } from './bucket.ts';
import { checkWrite } from './conditions.ts';
import { receive } from './receive.ts';
import type { S3Request } from './request.ts';

const kept = /^(content-(type|disposition|encoding|language)|cache-control|expires|x-amz-meta-.+)$/;

/** The headers S3 keeps with an object; `aws-chunked` belongs to the transfer, not to the object. */
export function objectHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (kept.test(name) && typeof value === 'string') result[name] = value;
  const encoding = result['content-encoding']
    ?.split(',')
    .map((one) => one.trim())
    .filter((one) => one !== 'aws-chunked');
  delete result['content-encoding'];
  if (encoding?.length) result['content-encoding'] = encoding.join(',');
  return result;
}

/** The reply headers that describe what was just written. */
export function writtenHeaders(version: ObjectVersion): Record<string, string> {
  return {
    etag: `"${version.etag}"`,
    ...(version.versionId !== 'null' && { 'x-amz-version-id': version.versionId }),
    ...(version.checksum && {
      [`x-amz-checksum-${version.checksum.name}`]: version.checksum.value,
      'x-amz-checksum-type': version.checksum.type,
    }),
  };
}

/** PutObject: the bytes become visible in one step, after every check has passed. */
export async function putObject({ call, bucket, key }: S3Request): Promise<Reply> {
  if (Buffer.byteLength(key) > 1024) throw new AwsError('KeyTooLongError', 'Your key is too long');
  // Asked before the upload to save the bytes, and again after it, when the answer counts.
  checkWrite(call.headers, bucket.current(key));
  const received = await receive(call, bucket.incoming());
  checkWrite(call.headers, bucket.current(key));
  const version = bucket.put(key, received.file, {
    lastModified: new Date().toISOString(),
    sizeBytes: received.sizeBytes,
    etag: received.md5,
    headers: objectHeaders(call.headers),
    ...(received.checksum && { checksum: { ...received.checksum, type: 'FULL_OBJECT' } }),
  });
  return { status: 200, headers: writtenHeaders(version) };
}
