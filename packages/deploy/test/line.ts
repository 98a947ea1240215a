import { AsyncLocalStorage } from 'node:async_hooks';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { config, toCall } from './aws-server.ts';
import type { Fault, LambdaModel } from './lambda-model.ts';

/** What happens on a line to the model; calls are counted from 1. */
export interface Line {
  /** Waited for before each call; throwing is the caller's death. */
  before?: (call: number) => Promise<void> | void;
  /** Called once a call has taken effect; throwing is the caller's death. */
  after?: (call: number) => void;
  fault?: (call: number) => Fault | undefined;
}

interface Request {
  method: string;
  path: string;
  query: Record<string, string>;
  body?: string | Uint8Array;
}

const current = new AsyncLocalStorage<{ model: LambdaModel; line: Line; calls: number }>();

/**
 * The official client without a socket and a signature, so that thousands of simulated deploys take seconds. There is
 * one, since the first call of each is dear; whose line a request is on, its asynchronous context tells.
 */
const client = new LambdaClient({
  ...config,
  endpoint: 'http://model.example',
  signer: { sign: async (request) => request },
  requestHandler: {
    async handle({ method, path, query, body }: Request) {
      const on = current.getStore();
      if (!on) throw new Error('A request outside onLine');
      const call = ++on.calls;
      await on.line.before?.(call);
      const text = body === undefined ? '' : Buffer.from(body).toString();
      const reply = on.model.handle(
        toCall({
          method,
          path,
          qualifier: query.Qualifier,
          target: undefined,
          body: text ? JSON.parse(text) : {},
        }),
        on.line.fault?.(call),
      );
      on.line.after?.(call);
      if (reply.cut) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      return {
        response: {
          statusCode: reply.status,
          headers: { 'content-type': 'application/json', ...reply.headers },
          body: new TextEncoder().encode(reply.body === undefined ? '' : JSON.stringify(reply.body)),
        },
      };
    },
  },
});

/** Does a piece of work with a client on a line of its own to the model. */
export function onLine<T>(
  model: LambdaModel,
  line: Line,
  work: (clients: { lambda: LambdaClient }) => Promise<T>,
): Promise<T> {
  return current.run({ model, line, calls: 0 }, () => work({ lambda: client }));
}
