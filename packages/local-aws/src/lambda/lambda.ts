import { join } from 'node:path';
import type { EcrStore } from '../ecr/ecr-store.ts';
import { AwsError } from '../errors.ts';
import { type Call, type Reply, readJson, type Service } from '../http/call.ts';
import { Fields } from '../http/fields.ts';
import type { LogStore } from '../logs/log-store.ts';
import { serveFunctionUrl } from './function-url.ts';
import { LambdaStore } from './lambda-store.ts';
import { invoke } from './operations/invoke.ts';
import type { Context } from './request.ts';
import { findRoute } from './routes.ts';
import { type Delays, defaultDelays, Transitions } from './transitions.ts';
import { ImageRoots } from './worker/image-root.ts';
import { WorkerPool } from './worker/worker-pool.ts';

/** Lambda: its control plane, its function URLs and its workers. */
export interface Lambda {
  handle: Service;
  functionUrl: Service;
  context: Context;
  /** Ends every worker. */
  close(): Promise<void>;
}

export interface LambdaOptions {
  delays?: Partial<Delays>;
  /** Path in the image → folder on this machine, for machines that can't run the image's own files. */
  substitute?: Record<string, string>;
  /** Concurrent invocations over all functions; 10, what a new AWS account has. */
  maxConcurrency?: number;
  initLimitMs?: number;
}

/** Opens the functions under `folder`; `credentials` is what handlers get to reach this server. */
export function createLambda(
  folder: string,
  ecr: EcrStore,
  logs: LogStore,
  credentials: () => Record<string, string>,
  options: LambdaOptions,
): Lambda {
  const store = new LambdaStore(join(folder, 'functions'));
  const pool = new WorkerPool({
    roots: new ImageRoots(join(folder, 'images'), ecr, options.substitute ?? {}),
    logs,
    credentials,
    maxConcurrency: options.maxConcurrency ?? 10,
    initLimitMs: options.initLimitMs ?? 10_000,
    keepIdleMs: 10 * 60_000,
  });
  const transitions = new Transitions(store, { ...defaultDelays, ...options.delays }, () => undefined);
  const context: Context = { store, ecr, transitions, pool, logs, random: Math.random };

  async function handle(call: Call): Promise<Reply> {
    const route = findRoute(call.method, call.rawPath);
    if (!route)
      throw new AwsError(
        'UnknownOperationException',
        `Local Lambda has no ${call.method} ${call.rawPath}`,
        404,
      );
    const body = route.operation === invoke ? {} : await readJson(call);
    const input = new Fields(body, 'InvalidParameterValueException');
    return route.operation({ context, call, parts: route.parts, input });
  }

  return {
    handle,
    functionUrl: (call) => serveFunctionUrl(context, call),
    context,
    async close() {
      transitions.stop();
      await pool.close();
    },
  };
}
