import type { Call } from '../http/call.ts';
import { splitPath } from './request.ts';

/** The S3 API's name for a call: REST hides it in method, path and query. */
export function operationOf(call: Call): string {
  const { bucketName, key } = splitPath(call.rawPath);
  const has = (name: string) => call.query.has(name);
  if (bucketName === '') return 'ListBuckets';
  if (key === '') {
    if (has('versioning')) return call.method === 'PUT' ? 'PutBucketVersioning' : 'GetBucketVersioning';
    if (call.method === 'PUT') return 'CreateBucket';
    if (call.method === 'HEAD') return 'HeadBucket';
    if (call.method === 'DELETE') return 'DeleteBucket';
    if (call.method === 'POST') return 'DeleteObjects';
    if (has('location')) return 'GetBucketLocation';
    if (has('versions')) return 'ListObjectVersions';
    if (has('uploads')) return 'ListMultipartUploads';
    return has('list-type') ? 'ListObjectsV2' : 'ListObjects';
  }
  const isPart = has('uploadId');
  if (call.method === 'HEAD') return 'HeadObject';
  if (call.method === 'GET') return isPart ? 'ListParts' : 'GetObject';
  if (call.method === 'DELETE') return isPart ? 'AbortMultipartUpload' : 'DeleteObject';
  if (call.method === 'POST') return isPart ? 'CompleteMultipartUpload' : 'CreateMultipartUpload';
  if (isPart) return 'UploadPart';
  return call.headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
}
