import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { ConnectionCut } from '../faults/fault-plan.ts';
import type { Call } from './call.ts';
import { answer, type Gate, type Service } from './service.ts';

/** The part of an SDK's request that matters here. */
interface SdkRequest {
  method: string;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

interface SdkResponse {
  statusCode: number;
  headers: Record<string, string>;
  body: Readable;
}

/**
 * A `requestHandler` for the official SDK clients that calls a service in this process, without a socket: what tests
 * that make a hundred thousand calls need. A cut connection rejects as a broken socket does, with ECONNRESET.
 */
export function inProcess(service: Service, gate: Gate = {}) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request: SdkRequest): Promise<{ response: SdkResponse }> {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(request.query ?? {}))
        for (const one of [value ?? ''].flat()) query.append(name, one);
      const headers = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]);
      const call: Call = {
        method: request.method,
        rawPath: request.path,
        rawQuery: query.toString(),
        query,
        headers: Object.fromEntries(headers),
        body: toStream(request.body),
        requestId: randomUUID(),
        origin: 'http://127.0.0.1:0',
      };
      const reply = await answer(service, call, gate).catch((error) => {
        if (!(error instanceof ConnectionCut)) throw error;
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      });
      return {
        response: {
          statusCode: reply.status,
          headers: Object.fromEntries(
            Object.entries({ 'x-amzn-requestid': call.requestId, ...reply.headers }).map(([name, value]) => [
              name,
              String(value),
            ]),
          ),
          body: toStream(reply.body),
        },
      };
    },
  };
}

function toStream(body: unknown): Readable {
  if (body instanceof Readable) return body;
  if (typeof body === 'string') return Readable.from([Buffer.from(body)]);
  // Not Buffer.from(body): the SDK's bodies warn when they are looked at as if they might be text.
  return Readable.from(
    body instanceof Uint8Array ? [Buffer.from(body.buffer, body.byteOffset, body.byteLength)] : [],
  );
}
