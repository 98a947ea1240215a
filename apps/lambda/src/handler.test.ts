import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { anyEvent, secret, v2 } from '../test/events.ts';
import { startHandler, written } from '../test/service.ts';
import { UnsupportedEvent } from './errors.ts';

const { handler, logged, classifier, manifest } = await startHandler();
const { name, version } = manifest;

describe('a direct invoke', () => {
  it.each([{ text: 'Free winner!' }, { sentence: 'Free winner!' }, { texts: ['Free winner!'] }])(
    '%j',
    async (event) => {
      expect(await handler(event)).toEqual({
        model: { name, version },
        predictions: [
          {
            label: 'spam',
            score: expect.closeTo(0.9627, 4),
            scores: { ham: expect.closeTo(0.0373, 4), spam: expect.closeTo(0.9627, 4) },
            truncated: false,
          },
        ],
      });
    },
  );

  it.each([
    [{ text: '' }],
    [{ text: ' \n' }],
    [{ text: 1 }],
    [{ texts: 'a' }],
    [{ texts: [] }],
    [{ texts: ['a', ''] }],
    [{ text: 'a', texts: ['b'] }],
  ])('%j gets a 422 that says what to send', async (event) => {
    const error = { code: 'invalid_request', message: expect.stringMatching(/text/) };
    expect(await handler(event)).toEqual({ statusCode: 422, error });
  });
});

it('a schedule keeps it warm', async () => {
  const event = { version: '0', source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} };
  expect(await handler(event)).toEqual({ warm: true });
});

describe('an event of no known kind', () => {
  const known =
    /Known are: API Gateway HTTP API or function URL, direct invoke, .*SQS messages, S3 object created/;

  it.each([[null], ['text'], [[]], [{}], [{ txt: 'a' }]])('%j is refused by what is known', async (event) => {
    const error = { code: 'unknown_event', message: expect.stringMatching(known) };
    expect(await handler(event)).toEqual({ statusCode: 422, error });
  });

  it.each([
    [{ Records: [{ EventSource: 'aws:sns', Sns: {} }] }],
    [{ Records: [{ eventSource: 'aws:dynamodb' }] }],
    [{ Records: [] }],
    [{ source: 'aws.s3', 'detail-type': 'Object Created' }],
    [{ awslogs: { data: '' } }],
  ])('%j comes from where no answer is read: it fails', async (event) => {
    await expect(handler(event)).rejects.toThrow(UnsupportedEvent);
    await expect(handler(event)).rejects.toThrow(known);
  });
});

it('whatever comes is answered, never by a 5xx, and neither told again nor logged', async () => {
  const answers = new Map<unknown, number>();
  await fc.assert(
    fc.asyncProperty(anyEvent, async (event) => {
      const result = await handler(event).catch((error: unknown) => {
        expect(error).toBeInstanceOf(UnsupportedEvent);
        return error;
      });
      const { statusCode: status = 200, body } = result as { statusCode?: number; body?: string };
      answers.set(status, (answers.get(status) ?? 0) + 1);
      if (status >= 500) expect.fail(`${status} for ${JSON.stringify(event)}`);
      if (status >= 400 && body) expect(JSON.parse(body).error.message).toMatch(/\.$/);
      // A message comes back by its id alone.
      if (String(JSON.stringify(result)).includes(secret)) expect.fail(JSON.stringify(result));
    }),
    { numRuns: 100_000 },
  );
  // None of them is only there by name: the events get as far as every rule.
  for (const status of [200, 204, 400, 404, 405, 413, 415, 422])
    expect(answers.get(status), `answers with ${status}`).toBeGreaterThan(100);
  await written();
  expect(logged.length).toBeGreaterThan(100_000);
  expect(logged.filter((line) => JSON.stringify(line).includes(secret))).toEqual([]);
}, 120_000);

it('a model that fails is a 500, or a failed invocation, and the log has where', async () => {
  const failing = await startHandler({
    classifier: {
      ...classifier,
      classify: async () => {
        throw new TypeError('out of order');
      },
    },
  });
  const body = JSON.stringify({ text: secret });
  expect(await failing.handler(v2('POST', '/predict', { body }))).toMatchObject({
    statusCode: 500,
    body: '{"error":{"code":"internal","message":"The model could not answer; the log has the reason."}}',
  });
  await expect(failing.handler({ text: secret })).rejects.toThrow('out of order');
  await written();
  expect(failing.logged).toMatchObject([
    {
      level: 'error',
      status: 500,
      error: expect.stringMatching(/^TypeError: out of order\n +at .*handler.test.ts/),
    },
    { level: 'error', error: 'TypeError: out of order' },
  ]);
  expect(JSON.stringify(failing.logged)).not.toContain(secret);
});

it('a deployment’s golden request makes a quick start a whole one, and fails if that does', async () => {
  const completed: string[] = [];
  const { handler } = await startHandler({
    classifier: {
      ...classifier,
      complete: async () => {
        completed.push('');
        if (completed.length > 1) throw new Error('no such library');
      },
    },
  });
  await handler({ text: 'free' });
  await handler({ text: 'free' }, { clientContext: { custom: { purpose: 'other' } } });
  expect(completed).toHaveLength(0);
  const golden = { clientContext: { custom: { purpose: 'golden' } } };
  expect(await handler({ text: 'free' }, golden)).toMatchObject({ predictions: [{ label: 'spam' }] });
  expect(completed).toHaveLength(1);
  await expect(handler({ text: 'free' }, golden)).rejects.toThrow('no such library');
});

it('a cold start is counted once, and only if somebody waited for it', async () => {
  const starts = async () => {
    const started = await startHandler();
    for (let i = 0; i < 3; i++) await started.handler({ text: 'free' });
    await written();
    return started.logged.map(({ coldStart }) => coldStart);
  };
  expect(await starts()).toEqual([true, false, false]);
  vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', 'provisioned-concurrency');
  expect(await starts()).toEqual([false, false, false]);
  vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', 'on-demand');
  expect(await starts()).toEqual([true, false, false]);
  vi.unstubAllEnvs();
});

it('the log has the trace id, from the context or the environment', async () => {
  vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=environment');
  await handler({ text: 'free' });
  await handler({ text: 'free' }, { xRayTraceId: 'Root=context' });
  await written();
  expect(logged.slice(-2).map(({ traceId }) => traceId)).toEqual(['Root=environment', 'Root=context']);
  vi.unstubAllEnvs();
});

it('the log says what happened to each, and never a word of a text', async () => {
  await written();
  logged.length = 0;
  const secret = 'correct horse battery';
  const post = (body: string) => v2('POST', '/predict', { body });
  await handler(post(JSON.stringify({ text: secret })), { awsRequestId: 'first' });
  await handler(post(JSON.stringify({ text: secret, texts: [secret] })));
  await handler(post(`{"${secret}`));
  await handler(v2('POST', `/${secret}`, { body: secret }));
  await handler({ text: secret });
  await handler({ [secret]: secret });
  await written();
  expect(logged.map(({ kind, route, status, texts }) => [kind, route, status, texts])).toEqual([
    ['API Gateway HTTP API or function URL', '/predict', 200, 1],
    ['API Gateway HTTP API or function URL', '/predict', 422, 0],
    ['API Gateway HTTP API or function URL', '/predict', 400, 0],
    ['API Gateway HTTP API or function URL', undefined, 404, 0],
    ['direct invoke', undefined, 200, 1],
    ['unknown', undefined, 422, 0],
  ]);
  expect(logged[0]).toMatchObject({
    ...{ level: 'info', message: 'invocation', requestId: 'first', model: name, version, truncated: 0 },
    ...{ tokenizeMs: expect.any(Number), runMs: expect.any(Number), totalMs: expect.any(Number) },
  });
  expect(JSON.stringify(logged)).not.toContain('horse');
});
