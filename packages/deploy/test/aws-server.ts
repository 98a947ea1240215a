import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clients } from '../src/aws/clients.ts';
import { type Call, LambdaModel } from './lambda-model.ts';

/** Lambda's REST routes that deploy uses. The path's first name is the function, a second one the qualifier. */
const routes: [method: string, path: RegExp, operation: string][] = [
  ['POST', /^\/2015-03-31\/functions$/, 'CreateFunction'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)$/, 'GetFunction'],
  ['DELETE', /^\/2015-03-31\/functions\/([^/]+)$/, 'DeleteFunction'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/code$/, 'UpdateFunctionCode'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/configuration$/, 'UpdateFunctionConfiguration'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/versions$/, 'PublishVersion'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/versions$/, 'ListVersionsByFunction'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/invocations$/, 'Invoke'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/aliases$/, 'CreateAlias'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/aliases$/, 'ListAliases'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/aliases\/([^/]+)$/, 'GetAlias'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/aliases\/([^/]+)$/, 'UpdateAlias'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/policy$/, 'AddPermission'],
  ['DELETE', /^\/2015-03-31\/functions\/([^/]+)\/policy\/([^/]+)$/, 'RemovePermission'],
  ['GET', /^\/2021-10-31\/functions\/([^/]+)\/url$/, 'GetFunctionUrlConfig'],
  ['POST', /^\/2021-10-31\/functions\/([^/]+)\/url$/, 'CreateFunctionUrlConfig'],
  ['PUT', /^\/2021-10-31\/functions\/([^/]+)\/url$/, 'UpdateFunctionUrlConfig'],
  ['GET', /^\/2019-09-30\/functions\/([^/]+)\/provisioned-concurrency$/, 'GetProvisionedConcurrencyConfig'],
  ['PUT', /^\/2019-09-30\/functions\/([^/]+)\/provisioned-concurrency$/, 'PutProvisionedConcurrencyConfig'],
  [
    'DELETE',
    /^\/2019-09-30\/functions\/([^/]+)\/provisioned-concurrency$/,
    'DeleteProvisionedConcurrencyConfig',
  ],
];

/** An HTTP request as far as it matters here. */
interface Request {
  method: string;
  path: string;
  qualifier: string | undefined;
  /** CloudWatch and its logs name the operation in a header instead. */
  target: string | undefined;
  body: Record<string, unknown>;
}

/** Which operation of which function a request asks for. */
export function toCall({ method, path, qualifier, target, body }: Request): Call {
  if (target) return { operation: target.split('.')[1] ?? '', functionName: '', qualifier: undefined, body };
  const at = path.replace(/\/$/, '');
  for (const [wanted, pattern, operation] of routes) {
    const names = method === wanted ? at.match(pattern) : null;
    if (!names) continue;
    const removed = operation === 'RemovePermission' ? { StatementId: names[2] } : {};
    return {
      operation,
      functionName: names[1] ?? '',
      qualifier: names[2] ?? qualifier,
      body: { ...body, ...removed },
    };
  }
  return { operation: `${method} ${at}`, functionName: '', qualifier: undefined, body };
}

/** What clients are made with, whatever they reach. */
export const config = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};

/** The model behind real HTTP, and official clients pointed at it. */
export async function startModel(): Promise<{
  model: LambdaModel;
  clients: Required<Clients>;
  close(): void;
}> {
  const model = new LambdaModel();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const length = Number(request.headers['content-length'] ?? 0);
    const reply = model.handle(
      toCall({
        method: request.method ?? '',
        path: url.pathname,
        qualifier: url.searchParams.get('Qualifier') ?? undefined,
        target: request.headers['x-amz-target']?.toString(),
        body: length > 0 ? Object(await json(request)) : {},
      }),
    );
    if (reply.cut) return void request.socket.destroy();
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const there = { ...config, endpoint: `http://127.0.0.1:${port}` };
  const clients = {
    lambda: new LambdaClient(there),
    cloudwatch: new CloudWatchClient(there),
    logs: new CloudWatchLogsClient(there),
  };
  return {
    model,
    clients,
    close() {
      for (const client of Object.values(clients)) client.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}
