import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';

/** How an invocation ended. */
export interface Answer {
  kind: 'response' | 'error';
  body: unknown;
}

/** The server side of one execution environment (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). */
export interface RuntimeApi {
  /** Settles when the runtime asks for its first event: init is over. Rejects with what it posts to init/error. */
  ready: Promise<void>;
  /** Hands an event to the runtime, one at a time; rejects when its deadline passes without an answer. */
  invoke(event: unknown): Promise<Answer>;
  close(): void;
}

const limitMs = 30_000;

/** Serves the Runtime API on a Unix socket. */
export async function startRuntimeApi(socket: string): Promise<RuntimeApi> {
  const ready = Promise.withResolvers<void>();
  let asked = Promise.withResolvers<ServerResponse>();
  let current: { id: string; settle: (answer: Answer) => void } | undefined;
  const server = createServer(async (request, response) => {
    const path = `${request.method} ${request.url}`.replace('/2018-06-01/runtime/', '');
    if (path === 'GET invocation/next') {
      ready.resolve();
      return asked.resolve(response);
    }
    const [, id, kind] = /^POST invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const body = await json(request).catch((error) => `not JSON: ${error}`);
    if (path === 'POST init/error') ready.reject(new Error(`init/error: ${JSON.stringify(body)}`));
    else if (current === undefined || id !== current.id)
      return response.writeHead(404).end(`unexpected: ${path}`);
    else {
      current.settle({ kind: kind === 'error' ? 'error' : 'response', body });
      current = undefined;
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  });
  // The runtime waits for its next event as long as there is none.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  await once(server.listen(socket), 'listening');
  return {
    ready: ready.promise,
    async invoke(event) {
      const response = await asked.promise;
      asked = Promise.withResolvers();
      const id = crypto.randomUUID();
      const answer = Promise.withResolvers<Answer>();
      const late = () => answer.reject(new Error(`no answer within ${limitMs} ms: ${JSON.stringify(event)}`));
      const timer = setTimeout(late, limitMs);
      current = { id, settle: answer.resolve };
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': id,
        'lambda-runtime-deadline-ms': `${Date.now() + limitMs}`,
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:tiny:live',
        'lambda-runtime-trace-id':
          'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0',
      });
      response.end(JSON.stringify(event));
      return answer.promise.finally(() => clearTimeout(timer));
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
