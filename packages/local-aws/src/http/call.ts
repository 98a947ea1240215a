import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { AwsError } from '../errors.ts';

/** One HTTP request, parsed as far as every service needs it. */
export interface Call {
  method: string;
  /** As sent, percent-encoding kept, without the query. */
  rawPath: string;
  rawQuery: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Readable;
  /** Fires when the client has left. */
  gone?: AbortSignal;
  requestId: string;
  /** `http://host:port` as clients of this server reach it. */
  origin: string;
}

/** What a service answers; a `Readable` body is streamed. */
export interface Reply {
  status: number;
  headers?: Record<string, string | number | string[]>;
  body?: string | Uint8Array | Readable;
}

/** Reads a whole request body, refusing more than `limitBytes` with 413. */
export async function readBody(call: Call, limitBytes = 8 << 20): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of call.body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    // The rest of a body that is too large is read and dropped: a client in the middle of sending hears no answer.
    if (sizeBytes <= limitBytes) chunks.push(chunk);
  }
  if (sizeBytes > limitBytes)
    throw new AwsError('RequestTooLargeException', `Request must be smaller than ${limitBytes} bytes`, 413);
  return Buffer.concat(chunks);
}

/** Reads a JSON object body; an empty body is `{}`, anything else throws `code`. */
export async function readJson(
  call: Call,
  code = 'SerializationException',
): Promise<Record<string, unknown>> {
  const text = (await readBody(call)).toString('utf8');
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AwsError(code, 'Could not parse request body into json');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AwsError(code, 'The request body must be a JSON object');
  return value as Record<string, unknown>;
}
