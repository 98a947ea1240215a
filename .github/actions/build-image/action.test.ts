import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { spawnAction } from '../lib/test/spawn-action.ts';
import { summarise } from './action.ts';

const program = join(import.meta.dirname, 'dist/index.js');
let aws: LocalAws;
let folder: string;

beforeAll(async () => {
  aws = await startLocalAws();
  folder = await mkdtemp(join(tmpdir(), 'build-image-'));
  await mkdir(join(folder, 'app'));
  await mkdir(join(folder, 'model'));
  await writeFile(join(folder, 'app/index.mjs'), 'export const handler = async () => 1;\n');
  await writeFile(join(folder, 'model/manifest.json'), JSON.stringify({ name: 'spam', version: 'abc123' }));
});
afterAll(async () => {
  await aws.close();
  await rm(folder, { recursive: true });
});

const build = (inputs: Record<string, string>) =>
  spawnAction(program, {
    cwd: folder,
    with: { base: aws.baseImage, app: 'app', model: 'model', ...inputs },
  });

it('builds a layout over a base, with the same digest whenever the files were touched', async () => {
  const first = await build({});
  expect(first).toMatchObject({
    exitCode: 0,
    outputs: {
      layout: join(folder, '.mainline/image'),
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      'model-name': 'spam',
      'model-version': 'abc123',
    },
  });
  const index = JSON.parse(await readFile(join(folder, '.mainline/image/index.json'), 'utf8'));
  expect(index.manifests[0].digest).toBe(first.outputs.digest);
  expect(first.summary).toContain('| Model | spam `abc123` |');

  await utimes(join(folder, 'app/index.mjs'), 1, 1);
  const second = await build({ output: 'elsewhere' });
  expect(second.outputs.digest).toBe(first.outputs.digest);
  expect((await build({ command: 'other.handler' })).outputs.digest).not.toBe(first.outputs.digest);
});

it.each<[string, Record<string, string>, string]>([
  ['a folder that is not there', { app: 'nowhere' }, 'nowhere'],
  ['a model without a manifest', { model: 'app' }, 'There is no file app/manifest.json'],
  ['a platform that the base has not', { platform: 'linux/riscv64' }, 'linux/riscv64'],
  ['a misspelt input', { platfrom: 'linux/amd64' }, 'did you mean "platform"?'],
])('refuses %s and leaves nothing behind', async (_, inputs, message) => {
  const ran = await build({ output: 'refused', ...inputs });
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain(message);
  await expect(readFile(join(folder, 'refused/index.json'))).rejects.toThrow('ENOENT');
});

it('summarises what is in the image', () => {
  expect(
    summarise(
      { layout: '/x', digest: `sha256:${'ab'.repeat(32)}`, sizeBytes: 61_200_000, layers: [] },
      'public.ecr.aws/lambda/nodejs:24',
      { name: 'spam', version: 'abc123', metrics: {} },
    ),
  ).toMatchInlineSnapshot(`
    "### 📦 Image built

    |  |  |
    | --- | --- |
    | Digest | \`abababababab\` |
    | Size | 61.2 MB in 0 layers |
    | Base | \`public.ecr.aws/lambda/nodejs:24\` |
    | Model | spam \`abc123\` |
    "
  `);
});
