import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { build } from './build.ts';
import { writeBundle } from './test/bundle.ts';
import { v2 } from './test/events.ts';

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

it('the built function answers in a process of its own, laid out as in the image', async () => {
  const built = join(scratch, 'here');
  await build({ platform: `${process.platform}/${process.arch}`, output: built });
  const task = join(scratch, 'task');
  for (const layer of ['runtime', 'app']) cpSync(join(built, layer), task, { recursive: true });
  writeBundle(join(task, 'model'));
  const events = [{ text: 'Free winner!' }, v2('GET', '/health'), { text: '' }];
  const driver = `
    const { handler } = await import(${JSON.stringify(join(task, 'index.mjs'))});
    for (const event of ${JSON.stringify(events)})
      process.stderr.write(JSON.stringify(await handler(event, { awsRequestId: 'id' })) + '\\n');`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', driver], {
    encoding: 'utf8',
    cwd: scratch,
    env: { LAMBDA_TASK_ROOT: task },
  });
  const [direct, health, empty] = child.stderr.split('\n').map((line) => JSON.parse(line || 'null'));
  expect(direct).toMatchObject({ model: { name: 'tiny' }, predictions: [{ label: 'spam' }] });
  expect(JSON.parse(health.body)).toMatchObject({ status: 'ok' });
  expect(empty).toMatchObject({ statusCode: 422 });
  const lines = child.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map((line) => [line.requestId, line.coldStart, line.status])).toEqual([
    ['id', true, 200],
    ['id', false, 200],
    ['id', false, 422],
  ]);
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
