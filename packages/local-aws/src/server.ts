import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PortTakenError } from './errors.ts';
import { ConnectionCut } from './faults/fault-plan.ts';
import type { Call, Reply } from './http/call.ts';
import { send } from './http/send.ts';

/** Listens on 127.0.0.1 and hands every request to `route` until `close`; throws PortTakenError. */
export async function listen(
  port: number,
  route: (call: Call) => Promise<Reply>,
  log: (line: string) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => void answer(request, response, route, log));
  // Large uploads over slow links are no attack on a server that only its own machine can reach.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortTakenError(port, { cause: error }) : error),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: (call: Call) => Promise<Reply>,
  log: (line: string) => void,
): Promise<void> {
  const [rawPath = '/', ...query] = (request.url ?? '/').split('?');
  const rawQuery = query.join('?');
  const requestId = randomUUID();
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const call: Call = {
    method: request.method ?? 'GET',
    rawPath,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: request.headers,
    body: request,
    gone: gone.signal,
    requestId,
    origin: `http://127.0.0.1:${request.socket.localPort}`,
  };
  const isHead = call.method === 'HEAD';
  try {
    const reply = await route(call);
    const ids = { 'x-amzn-requestid': requestId, 'x-amz-request-id': requestId };
    await send(response, { ...reply, headers: { ...ids, ...reply.headers } }, isHead);
  } catch (error) {
    if (!(error instanceof ConnectionCut)) log(`${call.method} ${rawPath}: ${error}`);
    response.destroy();
  }
  // Whatever a refused request still sends is read and dropped, so that the connection can be used again.
  request.resume();
}
