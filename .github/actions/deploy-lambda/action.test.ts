import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { GetAliasCommand, GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type FaultPlan, type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { architecture, golden, pushSpamFunction, role } from '../lib/test/spam-function.ts';
import { spawnAction } from '../lib/test/spawn-action.ts';

const program = join(import.meta.dirname, 'dist/index.js');
const nowhere = `registry.example/spam@sha256:${'ab'.repeat(32)}`;

let aws: LocalAws;
let lambda: LambdaClient;
let folder: string;
let fault: FaultPlan = () => undefined;

beforeAll(async () => {
  aws = await startLocalAws({ faults: (point) => fault(point) });
  lambda = new LambdaClient({ endpoint: aws.url, region: aws.region, credentials: aws.credentials });
  folder = await mkdtemp(join(tmpdir(), 'deploy-lambda-'));
  await writeFile(join(folder, 'golden.json'), JSON.stringify(golden));
  await writeFile(
    join(folder, 'manifest.json'),
    JSON.stringify({ name: 'spam', version: 'm1', metrics: { accuracy: 0.98, mcc: 0.95 } }),
  );
});
afterAll(async () => {
  lambda.destroy();
  await aws.close();
  await rm(folder, { recursive: true });
});

const image = (spamScore: number) => pushSpamFunction(aws, folder, spamScore);

const run = (inputs: Record<string, string>, env: Record<string, string> = {}) =>
  spawnAction(program, {
    cwd: folder,
    with: {
      'function-name': 'spam',
      golden: 'golden.json',
      architecture,
      ...inputs,
    },
    env: { ...aws.env, GITHUB_SHA: 'c0ffee0', ...env },
  });

describe('deploy-lambda', () => {
  it('creates a function that serves at its URL, leaves it alone the second time, and moves on with the next image', async () => {
    const first = await run({ image: await image(0.9), role, 'url-auth': 'NONE' });
    expect(first.log).not.toContain('::error');
    expect(first).toMatchObject({
      exitCode: 0,
      outputs: { version: '1', alias: 'live', changed: 'true', url: expect.stringMatching(/^http:/) },
    });
    expect(first.summary).toContain('### 🚀 `spam:live` is live');
    expect(first.summary).toContain('2 golden requests answered as recorded');
    const answer = await fetch(first.outputs.url ?? '', { method: 'POST', body: '{}' });
    expect(answer.status).not.toBe(403);

    const again = await run({ image: await image(0.9), role, 'url-auth': 'NONE' });
    expect(again.outputs).toMatchObject({ version: '1', changed: 'false', url: first.outputs.url });
    expect(again.log).toContain('Nothing to do: spam:live serves this already, as version 1');

    const next = await run({ image: await image(0.9004), memory: '256', 'dry-run': 'true' });
    expect(next.outputs).toMatchObject({ changed: 'false' });
    expect(next.outputs.changes).toMatch(/^image: [0-9a-f]{12} → [0-9a-f]{12}\nconfiguration: memory\n/);
    const moved = await run({
      image: await image(0.9004),
      memory: '256',
      'environment-variables': 'LOG_LEVEL=hunter2',
    });
    expect(moved.outputs).toMatchObject({ version: '2', 'previous-version': '1', changed: 'true' });
    expect(moved.log).not.toContain('hunter2');
    expect(moved.summary).toContain('- configuration: memory, environment.LOG_LEVEL');
    const configured = await lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: 'spam', Qualifier: 'live' }),
    );
    expect(configured).toMatchObject({
      MemorySize: 256,
      Environment: { Variables: { LOG_LEVEL: 'hunter2' } },
      Description: expect.stringContaining('commit=c0ffee0 model=m1 image=sha256:'),
    });
  });

  it('leaves the alias where it was when a golden request is answered wrongly', async () => {
    const before = await lambda.send(new GetAliasCommand({ FunctionName: 'spam', Name: 'live' }));
    const ran = await run({ image: await image(0.6) });
    expect(ran.exitCode).toBe(1);
    expect(ran.outputs).toEqual({});
    expect(ran.log).toContain('"Buy now!": a score is off by 0.3000, more than 0.001');
    const after = await lambda.send(new GetAliasCommand({ FunctionName: 'spam', Name: 'live' }));
    expect(after.FunctionVersion).toBe(before.FunctionVersion);
  });

  it('gets through throttling, errors and connections that break before and after the answer', async () => {
    let calls = 0;
    const kinds = [
      { kind: 'refuse', code: 'TooManyRequestsException', status: 429 },
      { kind: 'refuse', code: 'ServiceException', status: 500 },
      { kind: 'cut-before' },
      { kind: 'cut-after' },
    ] as const;
    fault = ({ service }) => (service === 'lambda' && ++calls % 3 === 0 ? kinds[(calls / 3) % 4] : undefined);
    const ran = await run({ image: await image(0.9008) });
    fault = () => undefined;
    expect(ran.log).not.toContain('::error');
    expect(ran.outputs).toMatchObject({ changed: 'true' });
    expect(calls).toBeGreaterThan(15);
  });

  it('shows the deployment on GitHub, which also tells it that a newer commit is live', async () => {
    const seen: string[] = [];
    const server = createServer(async (request, response) => {
      const body = request.method === 'POST' ? Object(await json(request)) : {};
      seen.push(
        `${request.url?.replace(/[0-9a-f]{40}/g, 'X')} ${body.environment ?? body.state ?? ''}`.trim(),
      );
      response.setHeader('content-type', 'application/json').end('{"id": 1, "status": "behind"}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const github = {
      GITHUB_API_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
      GITHUB_REPOSITORY: 'owner/name',
    };
    const inputs = { 'github-token': 'hunter2', environment: 'production' };
    const newer = await run(
      { ...inputs, image: await image(0.9), commit: 'b'.repeat(40), force: 'true' },
      github,
    );
    expect(newer.exitCode).toBe(0);
    expect(seen).toEqual([
      '/repos/owner/name/deployments production',
      '/repos/owner/name/deployments/1/statuses in_progress',
      '/repos/owner/name/deployments/1/statuses success',
    ]);
    const older = await run({ ...inputs, image: await image(0.9004), commit: 'a'.repeat(40) }, github);
    server.close();
    expect(older.exitCode).toBe(1);
    expect(older.log).toContain('which is newer than aaaa');
    expect(seen.slice(3)).toEqual([
      '/repos/owner/name/deployments production',
      '/repos/owner/name/deployments/1/statuses in_progress',
      '/repos/owner/name/compare/X...X',
      '/repos/owner/name/deployments/1/statuses inactive',
    ]);
    expect(newer.log.replaceAll(/^::add-mask::.*$/gm, '')).not.toContain('hunter2');
  });

  it('names the call that AWS refused', async () => {
    const ran = await run({ image: nowhere.replace('registry.example', `127.0.0.1:${aws.port}`) });
    expect(ran.exitCode).toBe(1);
    expect(ran.log).toContain('AWS refused UpdateFunctionCode: 400 InvalidParameterValueException');
  });

  it.each<[string, Record<string, string>, string]>([
    ['a misspelt input', { 'functon-name': 'spam', image: nowhere }, 'did you mean "function-name"?'],
    ['a tag', { image: 'registry.example/spam:latest' }, 'does not name an image by digest'],
    ['a golden file that is not there', { image: nowhere, golden: 'no.json' }, 'There is no file no.json'],
    ['too little memory', { image: nowhere, memory: '64' }, 'a whole number from 128 to 10240'],
    ['a retention that CloudWatch has not', { image: nowhere, 'log-retention': '8' }, 'is one of 1, 3, 5, 7'],
    ['a share that is none', { image: nowhere, shift: '10% half' }, 'such as 10%'],
  ])('refuses %s before the first call', async (_, inputs, message) => {
    const ran = await run(inputs);
    expect(ran.exitCode).toBe(1);
    expect(ran.log).toContain(message);
    expect(ran.outputs).toEqual({});
  });
});
