import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { startLocalAws } from '@mainline/local-aws';
import { afterAll, expect, it } from 'vitest';
import { build } from './build.ts';
import { writeBundle } from './test/bundle.ts';
import { s3, v2 } from './test/events.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lambda-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Every file with its content's hash. */
function tree(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files
    .map((file) => join(file.parentPath, file.name))
    .map(
      (path) =>
        `${path.slice(folder.length + 1)} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`,
    )
    .sort();
}

const run = promisify(execFile);

it('the built function answers in a process of its own, laid out as in the image', async () => {
  const built = join(scratch, 'here');
  await build({ platform: `${process.platform}/${process.arch}`, output: built });
  const task = join(scratch, 'task');
  for (const layer of ['runtime', 'app']) cpSync(join(built, layer), task, { recursive: true });
  writeBundle(join(task, 'model'));
  const aws = await startLocalAws();
  const client = new S3Client({
    region: aws.region,
    endpoint: aws.url,
    credentials: aws.credentials,
  });
  await client.send(new CreateBucketCommand({ Bucket: 'texts' }));
  await client.send(new PutObjectCommand({ Bucket: 'texts', Key: 'a.csv', Body: 'text\nFree winner!\n' }));
  const events = [{ text: 'Free winner!' }, v2('GET', '/health'), { text: '' }, s3('texts', ['a.csv'])];
  const driver = `
    const { handler } = await import(${JSON.stringify(join(task, 'index.mjs'))});
    for (const event of ${JSON.stringify(events)})
      process.stderr.write(JSON.stringify(await handler(event, { awsRequestId: 'id' })) + '\\n');`;
  const child = await run(process.execPath, ['--input-type=module', '-e', driver], {
    cwd: scratch,
    env: { LAMBDA_TASK_ROOT: task, AWS_LAMBDA_FUNCTION_NAME: 'spam', ...aws.env },
  });
  await aws.close();
  const [direct, health, empty, object] = child.stderr.split('\n').map((line) => JSON.parse(line || 'null'));
  expect(direct).toMatchObject({ model: { name: 'tiny' }, predictions: [{ label: 'spam' }] });
  expect(JSON.parse(health.body)).toMatchObject({ status: 'ok' });
  expect(empty).toMatchObject({ statusCode: 422 });
  expect(object).toMatchObject({ objects: [{ output: 'a.csv.predictions.jsonl', rows: 1, failed: 0 }] });
  const lines = child.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const invocations = lines.filter(({ message }) => message === 'invocation');
  expect(invocations.map((line) => [line.requestId, line.coldStart, line.status])).toEqual([
    ['id', true, 200],
    ['id', false, 200],
    ['id', false, 422],
    ['id', false, 200],
  ]);
  const [first, ...others] = lines.filter((line) => '_aws' in line);
  expect(first).toMatchObject({
    service: 'spam',
    model: 'tiny',
    requestId: 'id',
    ColdStart: 1,
    Texts: 1,
    'Label:spam': 1,
  });
  expect(first._aws.CloudWatchMetrics).toMatchObject([
    { Namespace: 'Mainline', Dimensions: [['service', 'model']] },
  ]);
  const names = first._aws.CloudWatchMetrics[0].Metrics.map(({ Name }: { Name: string }) => Name);
  for (const name of ['TokenizeTime', 'RunTime', 'Score', 'Tokens', 'UnknownRate', 'Truncated']) {
    expect(names).toContain(name);
    expect(first[name]).toEqual(expect.any(Number));
  }
  expect(others).toHaveLength(1);
});

it('the image’s entry point, told `serve`, makes an HTTP server of it, which stops when told to', async () => {
  const cwd = join(scratch, 'task');
  const env = { LAMBDA_TASK_ROOT: cwd, PATH: dirname(process.execPath) };
  const start = (port: string) =>
    spawn('/bin/sh', [join(cwd, 'start.sh'), 'serve'], { env: { ...env, PORT: port } });
  const server = start('0');
  const [line] = await once(server.stdout, 'data');
  const { port } = JSON.parse(line);
  const response = await fetch(`http://127.0.0.1:${port}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"text":"Free winner!"}',
  });
  expect(await response.json()).toMatchObject({ predictions: [{ label: 'spam' }] });
  const second = start(`${port}`);
  const [reason] = await once(second.stderr, 'data');
  expect(`${reason}`).toMatch(new RegExp(`address already in use .*${port}`));
  const [wrong] = await once(start('http').stderr, 'data');
  expect(`${wrong}`).toBe('PORT is "http": give a number from 0 to 65535\n');
  server.kill('SIGTERM');
  expect(await once(server, 'exit')).toEqual([0, null]);
});

it('`node serve` waits for a slow client, but not for one who says so twice', async () => {
  const cwd = join(scratch, 'task');
  const server = spawn(process.execPath, ['serve'], { cwd, env: { LAMBDA_TASK_ROOT: cwd, PORT: '0' } });
  const [line] = await once(server.stdout, 'data');
  const { port } = JSON.parse(line);
  const slow = connect(port, '127.0.0.1').on('error', () => {});
  slow.write('POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{');
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  server.kill('SIGTERM');
  await expect.poll(() => fetch(`http://127.0.0.1:${port}/health`).catch(() => 'gone')).toBe('gone');
  expect(server.exitCode).toBeNull();
  server.kill('SIGTERM');
  expect(await once(server, 'exit')).toEqual([null, 'SIGTERM']);
});

it('a bundle whose tokenizer is of another kind is served too', async () => {
  const folder = writeBundle(join(scratch, 'other'), 'Whitespace');
  const driver = `
    const { handler } = await import(${JSON.stringify(join(scratch, 'task/index.mjs'))});
    process.stderr.write((await handler({ text: 'free winner!' })).predictions[0].label);`;
  const { stderr } = await run(process.execPath, ['--input-type=module', '-e', driver], {
    env: { MODEL_DIR: folder },
  });
  expect(stderr).toBe('spam');
});

it('a broken bundle stops the function before it takes a request', () => {
  const task = join(scratch, 'task');
  rmSync(join(task, 'model/tokenizer.json'));
  const child = spawnSync(process.execPath, [join(task, 'index.mjs')], {
    encoding: 'utf8',
    env: { LAMBDA_TASK_ROOT: task },
  });
  expect(child.status).not.toBe(0);
  expect(child.stderr).toContain('tokenizer.json: is missing from');
});

it('the same sources give the same bytes, for one platform alone', async () => {
  const [a, b] = [join(scratch, 'a'), join(scratch, 'b')];
  await build({ platform: 'linux/arm64', output: a });
  await build({ platform: 'linux/amd64', output: b });
  await build({ platform: 'linux/arm64', output: b });
  expect(tree(b)).toEqual(tree(a));
  const binaries = tree(a).filter((line) => /\.node |\.so/.test(line));
  expect(binaries).toHaveLength(2);
  for (const line of binaries) expect(line).toContain('/linux/arm64/');
});

it('a platform that does not exist is named', async () => {
  await expect(build({ platform: 'plan9/mips', output: join(scratch, 'c') })).rejects.toThrow(
    '--platform plan9/mips: ONNX Runtime has no library for it. Give linux/amd64 or linux/arm64.',
  );
});
