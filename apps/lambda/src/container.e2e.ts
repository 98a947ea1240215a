import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ContainerOptions, startFunction, startServer } from '../test/container.ts';
import { hasDocker } from '../test/dockerd.ts';
import { loadBalancer, restApi, s3, sqs, v2 } from '../test/events.ts';
import { buildFunctionImages, type FunctionImages, filesIn } from '../test/function-images.ts';
import type { Answer } from '../test/runtime-api.ts';
import { spawnAction } from '../test/spawn-action.ts';

const why = hasDocker ? 'real dockerd and runtime client' : 'skipped: needs root, dockerd and docker';
const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';

describe.skipIf(!hasDocker)(`the function's image (${why})`, () => {
  let images: FunctionImages;
  let golden: { tolerance: number; cases: { text: string; label: string; scores: Record<string, number> }[] };
  beforeAll(async () => {
    images = await buildFunctionImages(['texts']);
    golden = JSON.parse(readFileSync(join(images.model, 'golden.json'), 'utf8'));
  });
  afterAll(() => images?.close());

  const start = (image: string, options: Omit<ContainerOptions, 'reachablePort'> = {}) =>
    startFunction(images.dockerd, image, { ...options, reachablePort: images.aws.port });

  /** What a direct invoke with the golden texts has to answer. */
  function expectGolden({ kind, body }: Answer): void {
    expect(kind).toBe('response');
    const { predictions } = Object(body);
    expect(predictions).toHaveLength(golden.cases.length);
    for (const [i, { label, scores }] of golden.cases.entries()) {
      expect(predictions[i].label).toBe(label);
      for (const [name, score] of Object.entries(scores))
        expect(Math.abs(predictions[i].scores[name] - score)).toBeLessThanOrEqual(golden.tolerance);
    }
  }
  const goldenRequest = () => ({ texts: golden.cases.map(({ text }) => text) });

  it('holds the same files, whether build-image or Docker made it', async () => {
    const { dockerd, assembled, built } = images;
    const files = await filesIn(dockerd, assembled, '/var/task');
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining(['./task/index.mjs', './task/model/manifest.json']),
    );
    expect(files).toEqual(await filesIn(dockerd, built, '/var/task'));
    const configOf = async (image: string) => JSON.parse(await dockerd.docker(['inspect', image]))[0];
    const { Architecture, Config } = await configOf(built);
    expect(await configOf(assembled)).toMatchObject({
      Architecture,
      Config: {
        Cmd: Config.Cmd,
        Entrypoint: Config.Entrypoint,
        Env: Config.Env,
        WorkingDir: Config.WorkingDir,
      },
    });
  });

  it.each(['linux/amd64', 'linux/arm64'])(
    'is built by its Dockerfile for %s when Docker is told so',
    async (platform) => {
      expect(await images.platformBuilt(platform)).toBe(platform);
    },
  );

  it.each(['assembled', 'built'] as const)(
    'answers every kind of event as Lambda sends it, %s',
    async (which) => {
      const { aws } = images;
      const clients = { endpoint: aws.url, region: aws.region, credentials: aws.credentials };
      const [queues, objects] = [new SQSClient(clients), new S3Client({ ...clients, forcePathStyle: true })];
      const { QueueUrl = '' } = await queues.send(new CreateQueueCommand({ QueueName: `results-${which}` }));
      const Key = `${which}.jsonl`;
      await objects.send(new PutObjectCommand({ Bucket: 'texts', Key, Body: '{"text":"free"}\nbroken\n' }));

      const running = await start(images[which], { env: { ...aws.env, RESULTS_QUEUE_URL: QueueUrl } });
      try {
        // Lambda gives INIT ten seconds.
        expect(running.initMs).toBeLessThan(10_000);
        const body = '{"text":"Free winner!"}';
        const label = expect.stringMatching(/^(ham|spam)$/);
        const predicted = { predictions: [expect.objectContaining({ label })] };
        const answered = async (event: unknown) => (await running.invoke(event)).body;

        expectGolden(await running.invoke(goldenRequest()));
        expect(await answered({ text: 'Free winner!' })).toMatchObject(predicted);
        for (const event of [
          v2('POST', '/predict', { body }),
          restApi('POST', '/predict', body),
          loadBalancer('POST', '/predict', body, false),
          loadBalancer('POST', '/predict', body, true),
        ]) {
          const answer = Object(await answered(event));
          expect(answer).toMatchObject({ statusCode: 200 });
          expect(JSON.parse(answer.body)).toMatchObject(predicted);
        }
        expect(await answered(v2('GET', '/'))).toMatchObject({ statusCode: 200 });
        expect(await answered({ source: 'aws.events', 'detail-type': 'Scheduled Event' })).toEqual({
          warm: true,
        });

        const messages = [
          { id: '1', body },
          { id: '2', body: '' },
        ];
        expect(await answered(sqs(messages))).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
        const { Messages = [] } = await queues.send(new ReceiveMessageCommand({ QueueUrl }));
        expect(Messages.map((message) => JSON.parse(message.Body ?? ''))).toEqual([
          expect.objectContaining({ messageId: '1', ...predicted }),
        ]);

        const output = `${Key}.predictions.jsonl`;
        expect(await answered(s3('texts', [Key]))).toEqual({
          objects: [{ bucket: 'texts', key: Key, output, rows: 2, failed: 1 }],
        });
        const { Body } = await objects.send(new GetObjectCommand({ Bucket: 'texts', Key: output }));
        expect(await Body?.transformToString()).toMatch(/^\{"row":1,"label":.*\}\n\{"row":2,"error":.*\}\n$/);

        // What fails is reported as failed, for Lambda to try again, and the function lives on.
        expect(await running.invoke(s3('texts', ['missing.jsonl']))).toMatchObject({
          kind: 'error',
          body: { errorType: 'NoSuchKey', errorMessage: expect.stringMatching(/./) },
        });
        expect(await running.invoke({ Records: [{ EventSource: 'aws:sns' }] })).toMatchObject({
          kind: 'error',
        });
        expect(await answered({ nothing: 'known' })).toMatchObject({ statusCode: 422 });

        expect(
          await running.evaluate(`{
          uid: process.getuid(),
          networks: Object.keys(os.networkInterfaces()),
          written: ['/var/task/x', '/tmp/x'].map((file) => {
            try { fs.writeFileSync(file, ''); return true; } catch (error) { return error.code; }
          }),
          isSmall: Number(/VmHWM:\\s+(\\d+)/.exec(fs.readFileSync('/proc/1/status', 'utf8'))[1]) < 256 * 1024,
        }`),
        ).toEqual({ uid: 993, networks: ['lo'], written: ['EROFS', true], isSmall: true });
      } finally {
        queues.destroy();
        objects.destroy();
        const log = await running.close();
        expect(log).toContain('"kind":"SQS messages"');
        expect(log).not.toContain('Free winner');
        // ONNX Runtime says so when it can't send any.
        expect(log).not.toContain('telemetry');
      }
    },
  );

  it('reads an object of 100 MB in the memory it has for a small one', async () => {
    const { aws } = images;
    const clients = { endpoint: aws.url, region: aws.region, credentials: aws.credentials };
    const objects = new S3Client({ ...clients, forcePathStyle: true });
    const Body = `${JSON.stringify({ text: 'free', other: 'a'.repeat(2000) })}\n`.repeat(50_000);
    await objects.send(new PutObjectCommand({ Bucket: 'texts', Key: 'large.jsonl', Body }));
    objects.destroy();
    const running = await start(images.assembled, { env: aws.env, memoryMb: 256 });
    try {
      const counts = { rows: 50_000, failed: 0 };
      expect((await running.invoke(s3('texts', ['large.jsonl']))).body).toMatchObject({ objects: [counts] });
      expect(
        await running.evaluate(
          `Number(/VmHWM:\\s+(\\d+)/.exec(fs.readFileSync('/proc/1/status', 'utf8'))[1])`,
        ),
      ).toBeLessThan(256 * 1024);
    } finally {
      await running.close();
    }
  });

  it('is a server, too, that answers and ends when it is told to', async () => {
    const server = await startServer(images.dockerd, images.assembled, 9000);
    const answered = `fetch('http://127.0.0.1:9000/predict', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ${JSON.stringify(JSON.stringify(goldenRequest()))},
    }).then((response) => response.json())`;
    expectGolden({ kind: 'response', body: await server.evaluate(answered) });
    expect(await server.evaluate(`fetch('http://127.0.0.1:9000/health').then(({ ok }) => ok)`)).toBe(true);
    expect(await server.stop()).toBe(0);
  });

  it('loads in the smallest memory that Lambda sells', async () => {
    const running = await start(images.assembled, { memoryMb: 128 });
    try {
      expectGolden(await running.invoke(goldenRequest()));
    } finally {
      await running.close();
    }
  });

  it('answers as a container what it answered when it was deployed, by the digest that is live', async () => {
    const { aws, assembled, dockerd, model } = images;
    const deployed = await spawnAction(
      'deploy-lambda',
      {
        ...{ 'function-name': 'spam', image: assembled, golden: join(model, 'golden.json'), architecture },
        ...{ role: 'arn:aws:iam::000000000000:role/spam', 'url-auth': 'NONE' },
      },
      { ...aws.env, GITHUB_SHA: 'c0ffee0' },
    );
    expect(deployed).toMatchObject({ version: '1', alias: 'live', changed: 'true' });
    const lambda = new LambdaClient({ endpoint: aws.url, region: aws.region, credentials: aws.credentials });
    const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName: 'spam', Qualifier: 'live' }));
    lambda.destroy();
    const live = Code?.ResolvedImageUri ?? '';
    expect(live.split('@')[1]).toBe(assembled.split('@')[1]);

    // Nothing of it is left here, so that all of it comes from the registry.
    await dockerd.docker(['rmi', '--force', assembled]);
    expect(await dockerd.docker(['pull', live])).toContain(`Digest: ${live.split('@')[1]}`);
    const running = await start(live);
    try {
      const answer = await running.invoke(goldenRequest());
      expectGolden(answer);
      const url = `${deployed.url}predict`;
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(goldenRequest()) });
      expect(answer.body).toEqual(await response.json());
    } finally {
      await running.close();
    }
  });
});
