import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Reply } from './call.ts';

/** Writes a reply; HEAD keeps the length and drops the body. A stream that breaks cuts the connection, so no client mistakes it for whole. */
export async function send(response: ServerResponse, reply: Reply, isHead: boolean): Promise<void> {
  const headers = { ...reply.headers };
  const { body } = reply;
  if (!(body instanceof Readable) && reply.status !== 304 && reply.status !== 204)
    headers['content-length'] ??= body === undefined ? 0 : Buffer.byteLength(body);
  response.writeHead(reply.status, headers);
  if (!(body instanceof Readable)) {
    response.end(isHead ? undefined : body);
    return;
  }
  if (isHead) {
    body.destroy();
    response.end();
    return;
  }
  await pipeline(body, response).catch(() => response.destroy());
}
