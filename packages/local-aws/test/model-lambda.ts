import { LambdaClient } from '@aws-sdk/client-lambda';
import type { FaultPlan } from '../src/faults/fault-plan.ts';
import { inProcess } from '../src/http/in-process.ts';
import type { ImageSource } from '../src/lambda/images.ts';
import { createLambda, type Lambda } from '../src/lambda/lambda.ts';
import type { Delays } from '../src/lambda/transitions.ts';
import type { Workers } from '../src/lambda/workers.ts';

/** Workers that answer with the digest they run. */
export const echoWorkers: Workers = {
  invoke: async (_fn, version) => ({
    requestId: 'r',
    payload: Buffer.from(JSON.stringify(version.digest)),
    isError: false,
    contentType: undefined,
    logTail: Promise.resolve(''),
  }),
  retire() {},
  close: async () => {},
};

/** Lambda without a socket, a disk or a process, and the official client on it; states settle at once unless told otherwise. */
export function modelLambda(
  options: { inspect?: ImageSource['inspect']; faults?: FaultPlan; delays?: Partial<Delays> } = {},
): { lambda: Lambda; client: LambdaClient } {
  const lambda = createLambda({
    workers: echoWorkers,
    delays: { createMs: 0, updateMs: 0, publishMs: 0, provisionMs: 0, ...options.delays },
    images: {
      resolve: (imageUri) => ({ repository: 'app', digest: imageUri.split('@')[1] ?? '' }),
      inspect: options.inspect ?? (() => undefined),
    },
  });
  const client = new LambdaClient({
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    requestHandler: inProcess(lambda.service, { faults: options.faults }),
  });
  return { lambda, client };
}

/** How a promise was refused: the error's name and its HTTP status. */
export async function refusal(
  promise: Promise<unknown>,
): Promise<[name: string, status: number | undefined]> {
  try {
    await promise;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return [name, $metadata?.httpStatusCode];
  }
  throw new Error('expected a refusal');
}
