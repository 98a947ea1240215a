import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { extractLayer, openImage } from '@mainline/oci';
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

const build = (inputs: Record<string, string>, env: Record<string, string> = {}) =>
  spawnAction(program, {
    cwd: folder,
    env: inputs.builder === 'docker' ? { ...env, PATH: folder } : env,
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

it('runs the base’s entry point, or another', async () => {
  const entrypointOf = async (inputs: Record<string, string>) => {
    const { layout = '' } = (await build(inputs)).outputs;
    const blob = async ({ digest }: { digest: string }) =>
      JSON.parse(await readFile(join(layout, 'blobs', digest.replace(':', '/')), 'utf8'));
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
    return (await blob((await blob(index.manifests[0])).config)).config.Entrypoint;
  };
  expect(await entrypointOf({})).toEqual(['/lambda-entrypoint.sh']);
  const entrypoint = '/bin/sh\n/var/task/start.sh\n';
  expect(await entrypointOf({ entrypoint })).toEqual(['/bin/sh', '/var/task/start.sh']);
});

it('says which commit it is, dated by it, and what it is made of', async () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@localhost', ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, GIT_COMMITTER_DATE: '2026-05-01T12:00:00+02:00' },
    });
  git('init', '-q');
  git('add', 'app');
  git('commit', '-qm', 'first');
  const sha = git('rev-parse', 'HEAD').trim();
  const { outputs } = await build(
    { output: 'dated' },
    {
      GITHUB_SHA: sha,
      GITHUB_REPOSITORY: 'me/repo',
      GITHUB_SERVER_URL: 'https://github.example',
      GITHUB_RUN_ID: '7',
      GITHUB_WORKSPACE: folder,
    },
  );
  const image = await openImage(outputs.layout ?? '');
  expect(image.manifest.annotations).toMatchObject({
    'org.opencontainers.image.source': 'https://github.example/me/repo',
    'org.opencontainers.image.revision': sha,
    'org.opencontainers.image.created': '2026-05-01T10:00:00Z',
  });
  expect(image.config.created).toBe('2026-05-01T10:00:00Z');
  const layer = image.manifest.layers.at(-1)!;
  await extractLayer((await image.openLayer(layer))!, join(folder, 'unpacked'));
  const bill = JSON.parse(await readFile(join(folder, 'unpacked/usr/share/sbom/model.cdx.json'), 'utf8'));
  expect(bill.components).toEqual([{ type: 'machine-learning-model', name: 'spam', version: 'abc123' }]);
});

it('builds upon the digest that the lock file pins, and refuses a base that it leaves out', async () => {
  const lock = join(folder, 'image.lock.json');
  await writeFile(lock, JSON.stringify({ version: 1, bases: {} }));
  const ran = await build({ base: 'public.ecr.aws/lambda/nodejs:24', output: 'refused' });
  expect(ran.log).toContain('does not pin public.ecr.aws/lambda/nodejs:24');
  expect(ran.log).toContain('pnpm image lock public.ecr.aws/lambda/nodejs:24');
  await rm(lock);
});

it.each<[string, Record<string, string>, string]>([
  ['no app', { app: '' }, 'Input "app" is required, unless builder is docker'],
  ['docker without Docker', { builder: 'docker' }, 'Unable to locate executable file: docker'],
  ['a builder that is none', { builder: 'podman' }, 'is one of native, docker, not "podman"'],
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
