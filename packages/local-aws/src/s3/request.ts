import { createHash } from 'node:crypto';
import { AwsError } from '../errors.ts';
import { type Call, readBody } from '../http/call.ts';
import { decodePath } from '../http/decode-path.ts';
import { type Element, parseXml } from '../http/xml.ts';
import type { Bucket } from './bucket.ts';

/** A call with its path taken apart; `key` is decoded and may be empty. */
export interface S3Request {
  call: Call;
  bucket: Bucket;
  key: string;
}

/** Splits `/bucket/key…` (path style only: this server lives on an IP address). */
export function splitPath(rawPath: string): { bucketName: string; key: string } {
  const [, bucketName = '', rawKey = ''] = rawPath.match(/^\/([^/]*)\/?(.*)$/s) ?? [];
  return { bucketName: decodePath(bucketName, 'InvalidURI'), key: decodePath(rawKey, 'InvalidURI') };
}

/** Reads an XML body, which must be what its signature says. */
export async function readXml(call: Call): Promise<Element> {
  const bytes = await readBody(call);
  const declared = call.headers['x-amz-content-sha256'];
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (typeof declared === 'string' && /^[0-9a-f]{64}$/.test(declared) && declared !== actual)
    throw new AwsError(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  return parseXml(bytes.toString('utf8'));
}

/** A query parameter that must be a whole number within bounds. */
export function numberParameter(
  query: URLSearchParams,
  name: string,
  fallback: number,
  bounds: { min: number; max: number },
): number {
  const text = query.get(name);
  if (text === null || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < bounds.min)
    throw new AwsError(
      'InvalidArgument',
      `Argument ${name} must be an integer from ${bounds.min} to ${bounds.max}`,
    );
  return Math.min(value, bounds.max);
}
