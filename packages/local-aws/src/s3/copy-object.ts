import { copyFile } from 'node:fs/promises';
import { AwsError } from '../errors.ts';
import type { Reply } from '../http/call.ts';
import { document, element } from '../http/xml.ts';
import type { Bucket } from './bucket.ts';
import { checkWrite } from './conditions.ts';
import { findVersion } from './get-object.ts';
import { objectHeaders, writtenHeaders } from './put-object.ts';
import { type S3Request, splitPath } from './request.ts';

/** CopyObject within this server; metadata comes along unless the directive says REPLACE. */
export async function copyObject(
  { call, bucket, key }: S3Request,
  source: string,
  find: (name: string) => Bucket,
): Promise<Reply> {
  const [path = '', query = ''] = source.split('?', 2);
  const from = splitPath(path.startsWith('/') ? path : `/${path}`);
  const sourceBucket = find(from.bucketName);
  const original = findVersion(sourceBucket, from.key, new URLSearchParams(query).get('versionId'));
  const ifMatch = call.headers['x-amz-copy-source-if-match'];
  if (ifMatch !== undefined && String(ifMatch).replaceAll('"', '') !== original.etag)
    throw new AwsError('PreconditionFailed', 'The copy source does not match', 412);
  const file = bucket.incoming();
  await copyFile(sourceBucket.dataPath(original), file);
  checkWrite(call.headers, bucket.current(key));
  const replaces = call.headers['x-amz-metadata-directive'] === 'REPLACE';
  const copy = bucket.put(key, file, {
    lastModified: new Date().toISOString(),
    sizeBytes: original.sizeBytes,
    etag: original.etag,
    headers: replaces ? objectHeaders(call.headers) : original.headers,
    ...(original.checksum && { checksum: original.checksum }),
  });
  return {
    status: 200,
    headers: { ...writtenHeaders(copy), 'content-type': 'application/xml' },
    body: document(
      'CopyObjectResult',
      element('ETag', `"${copy.etag}"`),
      element('LastModified', copy.lastModified),
    ),
  };
}
