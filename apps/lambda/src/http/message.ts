import { RequestError } from '../errors.ts';
import type { Limits } from '../limits.ts';

/** An HTTP request, whoever brought it. */
export interface HttpRequest {
  method: string;
  /** Begins with a slash; without a stage, a query or a trailing slash. */
  path: string;
  /** Names in lower case. */
  headers: Map<string, string>;
  body: string | Uint8Array;
}

/** An HTTP response; names of headers in lower case. */
export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The JSON in a request's body; throws a RequestError with 413, 415 or 400. */
export function readJsonBody({ headers, body }: HttpRequest, limits: Limits): unknown {
  const sizeBytes = Buffer.byteLength(body);
  if (sizeBytes > limits.bodyBytes)
    throw new RequestError(
      413,
      'too_large',
      `The body has ${sizeBytes} bytes, at most ${limits.bodyBytes} are read.`,
    );
  checkType(headers.get('content-type') ?? '');
  try {
    return JSON.parse(
      typeof body === 'string' ? body : new TextDecoder('utf-8', { fatal: true }).decode(body),
    );
  } catch {
    // The parser's own message quotes the body, which may be anybody's mail.
    throw new RequestError(400, 'invalid_json', 'The body is not JSON: send {"text": "…"} in UTF-8.');
  }
}

function checkType(contentType: string): void {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  const json = type === '' || type === 'application/json' || /^application\/[\w.+-]+\+json$/.test(type);
  if (!json || (charset !== undefined && !/^"?utf-?8"?$/.test(charset)))
    throw new RequestError(
      415,
      'unsupported_media_type',
      'Send the body with content-type: application/json.',
    );
}
