import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../errors.ts';

const matches = (header: string, etag: string) =>
  header
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((tag) => tag === '*' || tag === etag);

const failed = () =>
  new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);

/** Conditional reads (RFC 9110): throws 412; true means "304, send nothing". */
export function isNotModified(
  headers: IncomingHttpHeaders,
  object: { etag: string; lastModified: string },
): boolean {
  const modifiedAt = Math.floor(Date.parse(object.lastModified) / 1000) * 1000;
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  const unmodifiedSince = Date.parse(headers['if-unmodified-since'] ?? '');
  const modifiedSince = Date.parse(headers['if-modified-since'] ?? '');
  if (match !== undefined && !matches(match, object.etag)) throw failed();
  if (match === undefined && modifiedAt > unmodifiedSince) throw failed();
  if (noneMatch !== undefined) return matches(noneMatch, object.etag);
  return modifiedAt <= modifiedSince;
}

/** Conditional writes: `If-None-Match: *` only creates, `If-Match` only replaces what the caller has seen. */
export function checkWrite(headers: IncomingHttpHeaders, existing: { etag: string } | undefined): void {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (noneMatch !== undefined && existing && matches(noneMatch, existing.etag)) throw failed();
  if (match === undefined) return;
  if (!existing) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  if (!matches(match, existing.etag)) throw failed();
}
