import { RequestError } from '../errors.ts';
import { parseJson } from '../json.ts';
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
  if (Buffer.byteLength(body) > limits.bodyBytes)
    throw new RequestError(413, 'too_large', `The body has more than ${limits.bodyBytes} bytes.`);
  if (!/^(identity)?$/i.test(headers.get('content-encoding') ?? ''))
    throw new RequestError(415, 'unsupported_media_type', 'Send the body without a content-encoding.');
  checkType(headers.get('content-type') ?? '');
  return parseJson(body, 'The body');
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
