import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { LambdaModel } from './lambda-model.ts';

/** Lambda's REST routes that deploy uses: method, path, and what the path's second name is. */
const routes: [method: string, path: RegExp, operation: string][] = [
  ['POST', /^\/2015-03-31\/functions$/, 'CreateFunction'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)$/, 'GetFunction'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/code$/, 'UpdateFunctionCode'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/versions$/, 'PublishVersion'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/invocations$/, 'Invoke'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/aliases$/, 'CreateAlias'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/aliases\/([^/]+)$/, 'GetAlias'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/aliases\/([^/]+)$/, 'UpdateAlias'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/policy$/, 'AddPermission'],
  ['DELETE', /^\/2015-03-31\/functions\/([^/]+)\/policy\/([^/]+)$/, 'RemovePermission'],
  ['GET', /^\/2021-10-31\/functions\/([^/]+)\/url$/, 'GetFunctionUrlConfig'],
  ['POST', /^\/2021-10-31\/functions\/([^/]+)\/url$/, 'CreateFunctionUrlConfig'],
  ['PUT', /^\/2021-10-31\/functions\/([^/]+)\/url$/, 'UpdateFunctionUrlConfig'],
];

/** The model behind real HTTP, and an official client pointed at it. */
export async function startLambda(): Promise<{ model: LambdaModel; client: LambdaClient; close(): void }> {
  const model = new LambdaModel();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = url.pathname.replace(/\/$/, '');
    const route = routes.find(([method, pattern]) => method === request.method && pattern.test(path));
    const [, functionName = '', second] = (route && path.match(route[1])) ?? [];
    const body =
      request.headers['content-length'] && request.headers['content-length'] !== '0'
        ? await json(request)
        : {};
    const removed = route?.[2] === 'RemovePermission' ? { StatementId: second } : {};
    const reply = model.handle({
      operation: route?.[2] ?? `${request.method} ${path}`,
      functionName,
      qualifier: second ?? url.searchParams.get('Qualifier') ?? undefined,
      body: { ...(body as Record<string, unknown>), ...removed },
    });
    if (reply.cut) return void request.socket.destroy();
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new LambdaClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return {
    model,
    client,
    close() {
      client.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}
