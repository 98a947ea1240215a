import { open } from 'node:fs/promises';
import { AwsError } from '../errors.ts';
import type { Reply } from '../http/call.ts';
import { parseRange } from '../http/range.ts';
import type { Bucket, ObjectVersion } from './bucket.ts';
import { isNotModified } from './conditions.ts';
import type { S3Request } from './request.ts';

/** The version a read means; throws NoSuchKey or NoSuchVersion, a delete marker says so in its headers. */
export function findVersion(bucket: Bucket, key: string, versionId: string | null): ObjectVersion {
  const versions = bucket.entry(key)?.versions ?? [];
  const version = versionId ? versions.find((one) => one.versionId === versionId) : versions[0];
  if (!version && versionId)
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404, {
      fields: { Key: key, VersionId: versionId },
    });
  if (!version?.data)
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404, {
      fields: { Key: key },
      ...(version && {
        headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId },
      }),
    });
  return version;
}

/** GetObject and HeadObject: conditions first, then the range, then the bytes as they are on disk. */
export async function getObject({ call, bucket, key }: S3Request): Promise<Reply> {
  const version = findVersion(bucket, key, call.query.get('versionId'));
  const headers: Record<string, string | number> = {
    'content-type': 'binary/octet-stream',
    ...version.headers,
    'accept-ranges': 'bytes',
    etag: `"${version.etag}"`,
    'last-modified': new Date(version.lastModified).toUTCString(),
    ...(version.versionId !== 'null' && { 'x-amz-version-id': version.versionId }),
  };
  if (isNotModified(call.headers, version)) return { status: 304, headers };
  for (const [name, value] of call.query)
    if (name.startsWith('response-')) headers[name.slice('response-'.length)] = value;
  const range = parseRange(call.headers.range, version.sizeBytes);
  // A checksum of the whole object must not travel with a part of it: clients verify what they receive.
  if (!range && version.checksum && call.headers['x-amz-checksum-mode'] === 'ENABLED') {
    headers[`x-amz-checksum-${version.checksum.name}`] = version.checksum.value;
    headers['x-amz-checksum-type'] = version.checksum.type;
  }
  headers['content-length'] = range ? range.end - range.start + 1 : version.sizeBytes;
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end}/${version.sizeBytes}`;
  const status = range ? 206 : 200;
  if (call.method === 'HEAD') return { status, headers, body: '' };
  // Opened now: a later overwrite or delete does not touch what this reader sees.
  const file = await open(bucket.dataPath(version));
  return { status, headers, body: file.createReadStream(range ?? {}) };
}
