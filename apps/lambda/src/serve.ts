import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { InvocationContext } from './handler.ts';

type Handler = (event: unknown, context?: InvocationContext) => Promise<unknown>;

/** An HTTP server over the function: what a container platform other than Lambda runs. */
export interface Serving {
  port: number;
  /** Takes no more requests, answers what is under way, then resolves; who is slower than `graceMs` is cut off. */
  stop(): Promise<void>;
}

const timeouts = {
  /** For a request to be there whole. */
  requestTimeout: 60_000,
  /** Longer than load balancers keep a connection: who closes first must be them, or a request meets a closed one. */
  keepAliveTimeout: 620_000,
};

/** Serves the function's HTTP routes; `port` 0 takes any that is free. Throws if it can't listen. */
export async function serve(
  handler: Handler,
  port: number,
  mostBytes: number,
  // Platforms kill after ten seconds.
  { graceMs = 8000 } = {},
): Promise<Serving> {
  const server = createServer(timeouts, (request, response) => {
    // Once told to stop, no connection waits for another request.
    const isLast = () => !server.listening;
    answer(request, response, handler, mostBytes, isLast).catch(() => response.destroy());
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        const late = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
        // Browsers and load balancers connect ahead; to Node, only who has asked once is idle.
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handler: Handler,
  mostBytes: number,
  isLast: () => boolean,
): Promise<void> {
  const body = await readBody(request, mostBytes);
  // Proxies may send the whole address.
  const [rawPath = ''] = (request.url ?? '').replace(/^https?:\/\/[^/?]*/i, '').split('?');
  const http = { method: request.method ?? 'GET', path: rawPath };
  const event = {
    ...{ version: '2.0', rawPath, headers: request.headers, requestContext: { http, stage: '$default' } },
    ...{ body: body.toString('base64'), isBase64Encoded: true },
  };
  const xRayTraceId = idOf(request, 'x-amzn-trace-id') ?? idOf(request, 'traceparent');
  const result = (await handler(event, {
    awsRequestId: idOf(request, 'x-request-id') ?? crypto.randomUUID(),
    ...(xRayTraceId && { xRayTraceId }),
  })) as APIGatewayProxyStructuredResultV2;
  const headers = Object.entries(result.headers ?? {}).map(([name, value]) => [name, `${value}`]);
  if (isLast()) response.setHeader('connection', 'close');
  response.writeHead(result.statusCode ?? 200, Object.fromEntries(headers)).end(result.body);
}

/** A header that goes into the log, if it is an id and no text. */
function idOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && /^[\w.:;=+/-]{1,128}$/.test(value) ? value : undefined;
}

/** The body, or of a larger one a little more than the limit: enough to be refused. All is read, so that the answer is. */
async function readBody(request: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    if (sizeBytes <= mostBytes) chunks.push(chunk);
    sizeBytes += chunk.length;
  }
  return Buffer.concat(chunks);
}
