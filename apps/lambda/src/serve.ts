import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { errorBody } from './errors.ts';
import type { InvocationContext } from './handler.ts';

type Handler = (event: unknown, context?: InvocationContext) => Promise<unknown>;

/** An HTTP server over the function: what a container platform other than Lambda runs. */
export interface Serving {
  port: number;
  /** Takes no more connections, answers what is under way, then resolves. */
  stop(): Promise<void>;
}

/** Serves the function's HTTP routes; `port` 0 takes any that is free. Throws if it can't listen. */
export async function serve(handler: Handler, port: number, mostBytes: number): Promise<Serving> {
  const server = createServer((request, response) => {
    answer(request, response, handler, mostBytes).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handler: Handler,
  mostBytes: number,
) {
  const body = await readBody(request, mostBytes);
  if (!body) {
    const message = `The body has more than ${mostBytes} bytes.`;
    const headers = { 'content-type': 'application/json; charset=utf-8', connection: 'close' };
    response.writeHead(413, headers).end(JSON.stringify(errorBody('too_large', message)));
    return;
  }
  const [rawPath = '/'] = (request.url ?? '/').split('?');
  const http = { method: request.method ?? 'GET', path: rawPath };
  const event = {
    ...{ version: '2.0', rawPath, headers: request.headers, requestContext: { http, stage: '$default' } },
    ...{ body: body.toString('base64'), isBase64Encoded: true },
  };
  const requestId = request.headers['x-request-id'] ?? crypto.randomUUID();
  const result = (await handler(event, {
    awsRequestId: `${requestId}`,
  })) as APIGatewayProxyStructuredResultV2;
  const headers = Object.entries(result.headers ?? {}).map(([name, value]) => [name, `${value}`]);
  response.writeHead(result.statusCode ?? 200, Object.fromEntries(headers)).end(result.body);
}

/** The body, or undefined if it is larger: then what follows of it is read, so that the answer is, but not kept. */
function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= mostBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    request.once('end', () => resolve(Buffer.concat(chunks))).once('error', reject);
  });
}
