import type { Reply } from '../http/call.ts';
import { document, element, group } from '../http/xml.ts';
import { listPage } from './list-objects.ts';
import { numberParameter, type S3Request } from './request.ts';

/** ListObjectVersions, newest first per key; pages end between keys, so a page may hold more than `max-keys` versions. */
export async function listVersions({ call, bucket }: S3Request): Promise<Reply> {
  const { query } = call;
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const maxKeys = numberParameter(query, 'max-keys', 1000, { min: 0, max: 1000 });
  const page = listPage(bucket.keys, { prefix, delimiter, after: query.get('key-marker') ?? '', maxKeys });
  const versions = page.keys.flatMap((key) =>
    bucket
      .entry(key)!
      .versions.map((version, index) =>
        group(
          version.data ? 'Version' : 'DeleteMarker',
          element('Key', key),
          element('VersionId', version.versionId),
          element('IsLatest', index === 0),
          element('LastModified', version.lastModified),
          ...(version.data ? [element('ETag', `"${version.etag}"`), element('Size', version.sizeBytes)] : []),
        ),
      ),
  );
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: document(
      'ListVersionsResult',
      element('Name', bucket.name),
      element('Prefix', prefix),
      element('MaxKeys', maxKeys),
      element('IsTruncated', page.next !== undefined),
      element('NextKeyMarker', page.next),
      ...versions,
      ...page.prefixes.map((one) => group('CommonPrefixes', element('Prefix', one))),
    ),
  };
}
