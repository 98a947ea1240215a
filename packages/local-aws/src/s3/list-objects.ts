import { AwsError } from '../errors.ts';
import type { Reply } from '../http/call.ts';
import { document, element, group } from '../http/xml.ts';
import type { Bucket } from './bucket.ts';
import { numberParameter, type S3Request } from './request.ts';

interface Page {
  keys: string[];
  prefixes: string[];
  /** The last key or prefix of a page that was cut short. */
  next?: string;
}

/** One page of a bucket in key order; `after` is exclusive, a common prefix counts as one key. */
export function listPage(
  keys: string[],
  options: { prefix: string; delimiter: string; after: string; maxKeys: number },
): Page {
  const { prefix, delimiter, after, maxKeys } = options;
  const page: Page = { keys: [], prefixes: [] };
  if (maxKeys === 0) return page;
  let last = '';
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const shown = cut < 0 ? key : key.slice(0, cut + delimiter.length);
    // A prefix that ended the previous page covers all its keys.
    if (Buffer.compare(Buffer.from(shown), Buffer.from(after)) <= 0 || (cut >= 0 && shown === last)) continue;
    if (page.keys.length + page.prefixes.length === maxKeys) return { ...page, next: last };
    (cut < 0 ? page.keys : page.prefixes).push(shown);
    last = shown;
  }
  return page;
}

const visible = (bucket: Bucket) => bucket.keys.filter((key) => bucket.current(key));

/** ListObjectsV2, and the old ListObjects for clients that still send it. */
export async function listObjects({ call, bucket }: S3Request): Promise<Reply> {
  const { query } = call;
  const isV2 = query.get('list-type') === '2';
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const maxKeys = numberParameter(query, 'max-keys', 1000, { min: 0, max: 1000 });
  const token = query.get('continuation-token');
  const after = token ? decodeToken(token) : (query.get(isV2 ? 'start-after' : 'marker') ?? '');
  const page = listPage(visible(bucket), { prefix, delimiter, after, maxKeys });
  const encode = (text: string) =>
    query.get('encoding-type') === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;
  const contents = page.keys.map((key) => {
    const version = bucket.current(key)!;
    return group(
      'Contents',
      element('Key', encode(key)),
      element('LastModified', version.lastModified),
      element('ETag', `"${version.etag}"`),
      element('ChecksumAlgorithm', version.checksum?.name.toUpperCase()),
      element('ChecksumType', version.checksum?.type),
      element('Size', version.sizeBytes),
      element('StorageClass', 'STANDARD'),
    );
  });
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: document(
      'ListBucketResult',
      element('Name', bucket.name),
      element('Prefix', encode(prefix)),
      element('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
      element('MaxKeys', maxKeys),
      element('EncodingType', query.get('encoding-type') ?? undefined),
      element('IsTruncated', page.next !== undefined),
      ...(isV2
        ? [
            element('KeyCount', page.keys.length + page.prefixes.length),
            element('ContinuationToken', token ?? undefined),
            element('NextContinuationToken', page.next === undefined ? undefined : encodeToken(page.next)),
            element('StartAfter', query.has('start-after') ? encode(after) : undefined),
          ]
        : [
            element('Marker', encode(after)),
            element('NextMarker', page.next === undefined ? undefined : encode(page.next)),
          ]),
      ...contents,
      ...page.prefixes.map((one) => group('CommonPrefixes', element('Prefix', encode(one)))),
    ),
  };
}

const encodeToken = (key: string) => Buffer.from(`1:${key}`).toString('base64url');

function decodeToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!text.startsWith('1:'))
    throw new AwsError('InvalidArgument', 'The continuation token provided is incorrect');
  return text.slice(2);
}
