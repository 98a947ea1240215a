import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientConfig, pushHandler } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

let aws: LocalAws;
let lambda: LambdaClient;

beforeAll(async () => {
  aws = await startLocalAws({ delays: { createMs: 1, updateMs: 1, publishMs: 1 }, initLimitMs: 1000 });
  lambda = new LambdaClient(clientConfig(aws));
});
afterAll(async () => {
  lambda.destroy();
  await aws.close();
});

let made = 0;
async function create(files: Record<string, string>, extra = {}): Promise<string> {
  const FunctionName = `fn${made++}`;
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      PackageType: 'Image',
      Code: { ImageUri: await pushHandler(aws, files) },
      Role: 'arn:aws:iam::000000000000:role/any',
      MemorySize: 256,
      Timeout: 10,
      ...extra,
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 10, minDelay: 0.01 }, { FunctionName });
  return FunctionName;
}

async function invoke(FunctionName: string, event: unknown = {}, extra = {}) {
  const answer = await lambda.send(
    new InvokeCommand({
      FunctionName,
      Payload: Buffer.from(JSON.stringify(event)),
      LogType: 'Tail',
      ...extra,
    }),
  );
  return {
    status: answer.StatusCode,
    error: answer.FunctionError,
    version: answer.ExecutedVersion,
    payload: JSON.parse(Buffer.from(answer.Payload!).toString('utf8') || 'null'),
    log: Buffer.from(answer.LogResult ?? '', 'base64').toString('utf8'),
  };
}

describe('a handler', () => {
  it('gets the event, the context and the environment that Lambda gives it', async () => {
    const name = await create(
      {
        'index.mjs': `export const handler = async (event, context) => ({
          event, arn: context.invokedFunctionArn, left: context.getRemainingTimeInMillis(),
          name: process.env.AWS_LAMBDA_FUNCTION_NAME, memory: context.memoryLimitInMB,
          mine: process.env.MINE, cwd: process.cwd() === process.env.LAMBDA_TASK_ROOT, client: context.clientContext,
          host: process.env.HOME ?? null });`,
      },
      { Environment: { Variables: { MINE: 'yes' } } },
    );
    const { payload, error } = await invoke(
      name,
      { a: [1, 'ü'] },
      { ClientContext: Buffer.from('{"custom":{"k":"v"}}').toString('base64') },
    );
    expect(error).toBeUndefined();
    expect(payload).toMatchObject({
      event: { a: [1, 'ü'] },
      arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
      name,
      memory: '256',
      mine: 'yes',
      cwd: true,
      client: { custom: { k: 'v' } },
      host: null,
    });
    expect(payload.left).toBeGreaterThan(5000);
  });

  it('lives on between events, and its output is in the log with START, END and REPORT', async () => {
    const name = await create({
      'index.mjs': `let count = 0; console.log('init once');
        export const handler = async () => { console.log('counting'); return ++count; };`,
    });
    const first = await invoke(name);
    expect(first.payload).toBe(1);
    expect(first.log).toMatch(/init once.*START RequestId.*counting.*END RequestId.*Init Duration: /s);
    const second = await invoke(name);
    expect(second.payload).toBe(2);
    expect(second.log).not.toContain('Init Duration');
    expect(second.log).not.toContain('init once');
  });

  it('runs in as many processes as there are requests at once', async () => {
    const name = await create({
      'index.mjs': `const id = crypto.randomUUID();
        export const handler = async () => { await new Promise((r) => setTimeout(r, 300)); return id; };`,
    });
    const ids = await Promise.all([1, 2, 3].map(() => invoke(name)));
    expect(new Set(ids.map(({ payload }) => payload)).size).toBe(3);
    const limit = { FunctionName: name, ReservedConcurrentExecutions: 2 };
    await lambda.send(new PutFunctionConcurrencyCommand(limit));
    const results = await Promise.allSettled([1, 2, 3].map(() => invoke(name)));
    expect(results.flatMap((one) => (one.status === 'rejected' ? one.reason.name : []))).toEqual([
      'TooManyRequestsException',
    ]);
  });

  it('may be CommonJS; with a callback it is refused, as by the runtime of Node 24', async () => {
    const name = await create({ 'index.js': 'exports.handler = async (event) => event.x * 2;' });
    expect((await invoke(name, { x: 21 })).payload).toBe(42);
    const old = await create({ 'index.js': 'exports.handler = (event, context, callback) => callback();' });
    expect((await invoke(old)).payload).toMatchObject({ errorType: 'Runtime.CallbackHandlerDeprecated' });
  });
});

it('every invocation is counted and timed in CloudWatch, and so are metrics that a handler logs', async () => {
  const name = await create({
    'index.mjs': `export const handler = async (event) => {
      console.log(JSON.stringify({ Score: 0.5, _aws: { Timestamp: Date.now(), CloudWatchMetrics: [
        { Namespace: 'Mine', Dimensions: [[]], Metrics: [{ Name: 'Score' }] }] } }));
      if (event.fail) throw new Error('asked to');
    };`,
  });
  await invoke(name);
  await invoke(name, { fail: true });
  const cloudwatch = new CloudWatchClient(clientConfig(aws));
  const sum = async (
    Namespace: string,
    MetricName: string,
    Dimensions: { Name: string; Value: string }[],
  ) => {
    const span = { StartTime: new Date(Date.now() - 3_600_000), EndTime: new Date(Date.now() + 60_000) };
    const { Datapoints } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace,
        MetricName,
        Dimensions,
        ...span,
        Period: 86_400,
        Statistics: ['Sum'],
      }),
    );
    return Datapoints!.reduce((total, point) => total + point.Sum!, 0);
  };
  const ofFunction = [{ Name: 'FunctionName', Value: name }];
  expect(await sum('AWS/Lambda', 'Invocations', ofFunction)).toBe(2);
  expect(await sum('AWS/Lambda', 'Errors', ofFunction)).toBe(1);
  expect(await sum('AWS/Lambda', 'Duration', ofFunction)).toBeGreaterThan(0);
  expect(await sum('Mine', 'Score', [])).toBe(1);
  cloudwatch.destroy();
});

describe('a failure', () => {
  it('of the handler is its error, with the type and trace', async () => {
    const name = await create({
      'index.mjs': `export const handler = async () => { throw new TypeError('no good'); };`,
    });
    const { status, error, payload, log } = await invoke(name);
    expect([status, error]).toEqual([200, 'Unhandled']);
    expect(payload).toMatchObject({ errorType: 'TypeError', errorMessage: 'no good' });
    expect(log).toContain('no good');
  });

  it('of the handler is told whatever its words are made of', async () => {
    const errorMessage = 'no … „good“ 😀\nat all';
    const name = await create({
      'index.mjs': `export const handler = async () => { throw new Error(${JSON.stringify(errorMessage)}); };`,
    });
    expect(await invoke(name)).toMatchObject({ error: 'Unhandled', payload: { errorMessage } });
  });

  it('at init is told on every invocation: a throw, a missing module, a missing handler', async () => {
    const throws = await create({ 'index.mjs': `throw new Error('cannot start');` });
    for (let i = 0; i < 2; i++)
      expect(await invoke(throws)).toMatchObject({
        error: 'Unhandled',
        payload: { errorType: 'Error', errorMessage: 'cannot start' },
      });
    const missing = await create({ 'other.mjs': '' });
    expect(await invoke(missing)).toMatchObject({ payload: { errorType: 'Runtime.ImportModuleError' } });
    const nameless = await create({ 'index.mjs': 'export const handle = 1;' });
    expect(await invoke(nameless)).toMatchObject({ payload: { errorType: 'Runtime.HandlerNotFound' } });
  });

  it('to be ready in time is tried once more on the invocation’s own time, then told', async () => {
    const name = await create(
      { 'index.mjs': 'setInterval(() => {}, 1000); await new Promise(() => {});' },
      { Timeout: 1 },
    );
    expect(await invoke(name)).toMatchObject({
      error: 'Unhandled',
      payload: { errorType: 'Sandbox.Timedout', errorMessage: expect.stringContaining('after 1.00 seconds') },
    });
  });

  it('at init says its last words before the server is gone, and none after', async () => {
    const other = await startLocalAws({ delays: { createMs: 1 } });
    const client = new LambdaClient(clientConfig(other));
    const fn = { FunctionName: 'talks' };
    const source = `for (let i = 0; i < 500; i++) console.log('word '.repeat(50)); throw new Error('enough');`;
    await client.send(
      new CreateFunctionCommand({
        ...fn,
        PackageType: 'Image',
        Code: { ImageUri: await pushHandler(other, { 'index.mjs': source }) },
        Role: 'arn:aws:iam::000000000000:role/any',
      }),
    );
    await waitUntilFunctionActiveV2({ client, maxWaitTime: 10, minDelay: 0.01 }, fn);
    expect((await client.send(new InvokeCommand(fn))).FunctionError).toBe('Unhandled');
    client.destroy();
    await other.close();
  });

  it('of the process is Runtime.ExitError, and the next event gets a new process', async () => {
    const name = await create({
      'index.mjs': `export const handler = async (event) => { if (event.die) process.exit(3); return 'alive'; };`,
    });
    expect((await invoke(name)).payload).toBe('alive');
    expect(await invoke(name, { die: true })).toMatchObject({
      error: 'Unhandled',
      payload: {
        errorType: 'Runtime.ExitError',
        errorMessage: expect.stringContaining('Runtime exited with error: exit status 3'),
      },
    });
    expect((await invoke(name)).payload).toBe('alive');
  });

  it.skipIf(process.platform !== 'linux')(
    'to do with the memory it was given ends the process (skipped where the system doesn’t tell)',
    async () => {
      const source = `const hoard = [];
        export const handler = async () => { for (;;) {
          hoard.push(Buffer.alloc(10_000_000, 1));
          await new Promise((resolve) => setTimeout(resolve, 5)); } };`;
      const name = await create({ 'index.mjs': source }, { MemorySize: 256 });
      expect(await invoke(name)).toMatchObject({
        error: 'Unhandled',
        payload: { errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/signal: killed$/) },
      });
    },
  );

  it('to finish in time ends the process, also one that never yields', async () => {
    const name = await create(
      {
        'index.mjs': `export const handler = async (event) => { if (event.spin) for (;;); return 'quick'; };`,
      },
      { Timeout: 1 },
    );
    expect(await invoke(name, { spin: true })).toMatchObject({
      error: 'Unhandled',
      payload: { errorType: 'Sandbox.Timedout', errorMessage: expect.stringContaining('after 1.00 seconds') },
    });
    expect((await invoke(name)).payload).toBe('quick');
  });

  it('of the request is refused: no JSON, no such function, too large', async () => {
    const name = await create({ 'index.mjs': 'export const handler = async () => 1;' });
    const refusal = (extra: object) =>
      lambda.send(new InvokeCommand({ FunctionName: name, ...extra })).then(
        () => expect.fail('expected Lambda to refuse'),
        (error: Error) => error.name,
      );
    expect(await refusal({ Payload: Buffer.from('{') })).toBe('InvalidRequestContentException');
    expect(await refusal({ FunctionName: 'nobody' })).toBe('ResourceNotFoundException');
    expect(await refusal({ Qualifier: '7' })).toBe('ResourceNotFoundException');
    expect(await refusal({ Payload: Buffer.alloc(6 * 1024 * 1024 + 1, '1') })).toBe(
      'RequestTooLargeException',
    );
  });
});
