import { AwsError } from '../errors.ts';

/** An inclusive byte range, as HTTP counts. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Parses a `Range` header over `sizeBytes`; a header we don't understand counts as none (RFC 9110), one past the end is 416. */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  const [, first, last] = header?.match(/^bytes=(\d*)-(\d*)$/) ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start >= sizeBytes || (first === '' && Number(last) === 0))
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416, {
      headers: { 'content-range': `bytes */${sizeBytes}` },
    });
  return { start, end };
}
