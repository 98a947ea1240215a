import { AwsError } from '../errors.ts';
import type { Reply } from '../http/call.ts';
import { childText, document, element, group } from '../http/xml.ts';
import type { Bucket } from './bucket.ts';
import { checkWrite } from './conditions.ts';
import { readXml, type S3Request } from './request.ts';

interface Deleted {
  versionId?: string;
  isMarker: boolean;
}

/** Deletes a version for good, or hides the key: behind a marker when the bucket is versioned. Deleting what isn't there succeeds. */
function remove(bucket: Bucket, key: string, versionId: string | undefined): Deleted {
  if (versionId) {
    const removed = bucket.remove(key, versionId);
    return { versionId, isMarker: removed !== undefined && !removed.data };
  }
  if (!bucket.versioning) {
    bucket.remove(key, 'null');
    return { isMarker: false };
  }
  const marker = { lastModified: new Date().toISOString(), sizeBytes: 0, etag: '', headers: {} };
  return { versionId: bucket.put(key, undefined, marker).versionId, isMarker: true };
}

/** DeleteObject. */
export async function deleteObject({ call, bucket, key }: S3Request): Promise<Reply> {
  if (call.headers['if-match'] !== undefined) checkWrite(call.headers, bucket.current(key));
  const { versionId, isMarker } = remove(bucket, key, call.query.get('versionId') ?? undefined);
  return {
    status: 204,
    headers: {
      ...(versionId && { 'x-amz-version-id': versionId }),
      ...(isMarker && { 'x-amz-delete-marker': 'true' }),
    },
  };
}

/** DeleteObjects: up to 1,000 keys in one call, each reported unless `Quiet`. */
export async function deleteObjects({ call, bucket }: S3Request): Promise<Reply> {
  const request = await readXml(call);
  const objects = request.children.filter((child) => child.name === 'Object');
  if (objects.length === 0 || objects.length > 1000)
    throw new AwsError('MalformedXML', 'Delete takes from 1 to 1000 objects');
  const quiet = childText(request, 'Quiet') === 'true';
  const lines = objects.map((object) => {
    const key = childText(object, 'Key') ?? '';
    const asked = childText(object, 'VersionId');
    const { versionId, isMarker } = remove(bucket, key, asked);
    return group(
      'Deleted',
      element('Key', key),
      element('VersionId', asked),
      element('DeleteMarker', isMarker || undefined),
      element('DeleteMarkerVersionId', isMarker ? versionId : undefined),
    );
  });
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: document('DeleteResult', ...(quiet ? [] : lines)),
  };
}
