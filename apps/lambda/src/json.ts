import { RequestError } from './errors.ts';

/** Reads JSON, with a byte order mark before it or without; throws a RequestError that quotes none of it. */
export function parseJson(json: string | Uint8Array, name: string): unknown {
  try {
    const text = typeof json === 'string' ? json : new TextDecoder('utf-8', { fatal: true }).decode(json);
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    // The parser's own message quotes the text, which may be anybody's mail.
    throw new RequestError(400, 'invalid_json', `${name} is not JSON: send {"text": "…"} in UTF-8.`);
  }
}
