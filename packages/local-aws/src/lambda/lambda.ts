import { AwsError } from '../errors.ts';
import { type Call, type Reply, readJson } from '../http/call.ts';
import { Fields } from '../http/fields.ts';
import type { Service } from '../http/service.ts';
import { isFunctionUrl, serveFunctionUrl } from './function-url.ts';
import type { ImageSource } from './images.ts';
import { deactivate } from './inactive.ts';
import { LambdaStore } from './lambda-store.ts';
import { invoke } from './operations/invoke.ts';
import type { Context } from './request.ts';
import { compileRoutes, findRoute, type Route, type Routes } from './routes.ts';
import { type Delays, defaultDelays, Transitions } from './transitions.ts';
import type { Workers } from './workers.ts';

/** Lambda: its control plane and its function URLs. */
export interface Lambda {
  service: Service;
  context: Context;
  /** Makes a version Inactive, as weeks without a call do. */
  deactivate(name: string, version?: string): void;
  /** Adds operations of Lambda's REST API that live elsewhere. */
  add(operations: Routes): void;
  /** Ends every worker. */
  close(): Promise<void>;
}

export interface LambdaParts {
  /** Where functions are kept; without it only in memory. */
  folder?: string;
  images: ImageSource;
  workers: Workers;
  delays?: Partial<Delays>;
  /** 0–1, draws between the versions of a weighted alias. */
  random?: () => number;
}

/** Lambda's own state machine over whatever finds images and runs code. */
export function createLambda(parts: LambdaParts): Lambda {
  const { images, workers, random = Math.random } = parts;
  const store = new LambdaStore(parts.folder);
  const delays = { ...defaultDelays, ...parts.delays };
  const transitions = new Transitions(store, delays, images);
  const context: Context = { store, images, transitions, delays, workers, random };
  let routes = compileRoutes();
  return {
    context,
    deactivate: (name, version) => deactivate(context, name, version),
    add(operations) {
      routes = compileRoutes(operations);
    },
    service: {
      name: 'lambda',
      operationOf: (call) =>
        isFunctionUrl(call.rawPath)
          ? 'InvokeFunctionUrl'
          : (findRoute(routes, call.method, call.rawPath)?.route.name ?? 'unknown'),
      handle: (call) =>
        isFunctionUrl(call.rawPath) ? serveFunctionUrl(context, call) : control(context, routes, call),
      refusal,
    },
    async close() {
      transitions.stop();
      await workers.close();
    },
  };
}

async function control(context: Context, routes: Route[], call: Call): Promise<Reply> {
  const found = findRoute(routes, call.method, call.rawPath);
  if (!found)
    throw new AwsError(
      'UnknownOperationException',
      `Local Lambda has no ${call.method} ${call.rawPath}`,
      404,
    );
  const { operation } = found.route;
  const body = operation === invoke ? {} : await readJson(call);
  const input = new Fields(body, 'InvalidParameterValueException');
  return operation({ context, call, parts: found.parts, input });
}

function refusal(error: AwsError): Reply {
  return {
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': error.code, ...error.headers },
    body: JSON.stringify({ ...error.fields, Type: 'User', Message: error.message, message: error.message }),
  };
}
