import type { Agent, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { RegistryError } from '../errors.ts';

// An import of node:http reads every export of it, and one of them loads all of undici: 40 ms at each start. TLS is
// another 20, which a registry on this machine doesn't need.
const http = process.getBuiltinModule('node:http');

/** What either protocol does a request with. */
interface Protocol {
  request: typeof http.request;
  agent: Agent;
}

function openProtocol(secure: boolean): Protocol {
  const { Agent, request } = secure ? process.getBuiltinModule('node:https') : http;
  return { request, agent: new Agent({ keepAlive: true, maxSockets: 8 }) };
}

/** What goes up with a request: bytes at hand, or a stream of a known size. */
export type Body = Uint8Array | { stream: Readable; size: number };

/** One HTTP exchange; the body of the answer is still to be read (or dumped by `resume()`). */
export interface Exchange {
  method: string;
  url: URL;
  status: number;
  response: IncomingMessage;
}

const idleMs = 120_000;
const maxErrorBytes = 64 * 1024;

/**
 * HTTP with kept-alive connections. node:http and not `fetch`: a registry needs the length of a streamed upload in
 * advance, and `fetch` sends streams chunked.
 */
export class Transport {
  readonly #protocols = new Map<string, Protocol>();

  /** Sends one request and resolves when the answer's head is there. Fails with status 0 when none comes. */
  async send(method: string, url: URL, headers: Record<string, string>, body?: Body): Promise<Exchange> {
    const size = body ? (body instanceof Uint8Array ? body.length : body.size) : 0;
    const needsLength = body !== undefined || method === 'POST' || method === 'PUT';
    const protocol = this.#protocols.get(url.protocol) ?? openProtocol(url.protocol === 'https:');
    this.#protocols.set(url.protocol, protocol);
    const request = protocol.request(url, {
      method,
      agent: protocol.agent,
      headers: { ...headers, ...(needsLength ? { 'content-length': String(size) } : {}) },
    });
    request.setTimeout(idleMs, () => request.destroy(new Error(`no byte moved for ${idleMs / 1000} s`)));
    const stream = body && !(body instanceof Uint8Array) ? body.stream : undefined;
    let sourceError: Error | undefined;
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request.on('response', resolve).on('error', reject);
        if (!body || body instanceof Uint8Array) return request.end(body);
        body.stream.on('error', (error) => {
          sourceError = error;
          request.destroy(error);
        });
        return body.stream.pipe(request);
      });
      // An answer may come before the upload is through (refused): stop sending once its words are read.
      response.once('close', () => stream?.destroy());
      return { method, url, status: response.statusCode ?? 0, response };
    } catch (cause) {
      stream?.destroy();
      if (sourceError) throw sourceError;
      const why =
        cause instanceof Error ? cause.message || ('code' in cause ? cause.code : cause.name) : cause;
      throw new RegistryError(`[${method}] ${printable(url)}: no answer (${why})`, { status: 0, cause });
    }
  }

  /** Closes idle connections. */
  close(): void {
    for (const { agent } of this.#protocols.values()) agent.destroy();
  }
}

/** Reads an answer of at most `limitBytes`; more than that is refused, whatever its length header says. */
export async function readBody({ method, url, response }: Exchange, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      size += chunk.length;
      if (size > limitBytes)
        throw new RegistryError(`[${method}] ${printable(url)}: the answer is over ${limitBytes} bytes`, {
          status: response.statusCode ?? 0,
        });
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof RegistryError) throw cause;
    throw new RegistryError(`[${method}] ${printable(url)}: the answer broke off`, { status: 0, cause });
  }
  return Buffer.concat(chunks);
}

/** The error an unhoped-for answer stands for, with the registry's own code and words. */
export async function failure(exchange: Exchange, hint?: string): Promise<RegistryError> {
  const { method, url, status, response } = exchange;
  const text = await readBody(exchange, maxErrorBytes).then(String, () => '');
  const { code, message } = firstError(text);
  const words = [String(status), code, message].filter(Boolean).join(' ');
  return new RegistryError(`[${method}] ${printable(url)}: ${words}`, {
    status,
    code,
    retryAfterMs: retryAfter(response.headers['retry-after']),
    ...(hint ? { hint } : {}),
  });
}

function firstError(text: string): { code: string; message: string } {
  try {
    const { errors } = JSON.parse(text);
    return { code: String(errors[0].code ?? ''), message: String(errors[0].message ?? '') };
  } catch {
    return { code: '', message: text.replace(/\s+/g, ' ').trim().slice(0, 200) };
  }
}

function retryAfter(header: string | undefined): number | undefined {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** An address without its query and user: upload sessions and redirects carry secrets there. */
export function printable(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
