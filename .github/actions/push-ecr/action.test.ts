import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { assemble } from '@mainline/oci';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { spawnAction } from '../lib/test/spawn-action.ts';
import { summarise } from './action.ts';

const program = join(import.meta.dirname, 'dist/index.js');
let aws: LocalAws;
let ecr: ECRClient;
let folder: string;
let digest: string;

beforeAll(async () => {
  aws = await startLocalAws();
  ecr = new ECRClient({
    endpoint: aws.url,
    region: aws.region,
    credentials: aws.credentials,
  });
  folder = await mkdtemp(join(tmpdir(), 'push-ecr-'));
  digest = await layout('first', 'export const handler = async () => 1;\n');
});
afterAll(async () => {
  ecr.destroy();
  await aws.close();
  await rm(folder, { recursive: true });
});

async function layout(name: string, source: string): Promise<string> {
  const app = join(folder, `${name}-app`);
  await mkdir(app);
  await writeFile(join(app, 'index.mjs'), source);
  const image = await assemble({
    base: { reference: aws.baseImage },
    platform: 'linux/amd64',
    layers: [{ name: 'app', from: app, to: '/var/task' }],
    config: { command: ['index.handler'] },
    output: join(folder, name),
  });
  return image.digest;
}

const run = (inputs: Record<string, string>) =>
  spawnAction(program, {
    cwd: folder,
    with: { layout: 'first', repository: 'spam', ...inputs },
    env: { ...aws.env, GITHUB_SHA: 'c0ffee' },
  });

it('refuses a missing repository, naming the input that creates one', async () => {
  const ran = await run({});
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain('There is no ECR repository "spam"');
  expect(ran.log).toContain('create-repository: true');
});

it('creates the repository, pushes, and names the image by digest', async () => {
  const ran = await run({ 'create-repository': 'true' });
  expect(ran).toMatchObject({
    exitCode: 0,
    outputs: { image: `127.0.0.1:${aws.port}/spam@${digest}`, digest, tag: 'c0ffee' },
  });
  const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName: 'spam' }));
  expect(imageDetails).toMatchObject([{ imageDigest: digest, imageTags: ['c0ffee'] }]);
  const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['spam'] }));
  expect(repositories?.[0]).toMatchObject({
    imageTagMutability: 'IMMUTABLE',
    imageScanningConfiguration: { scanOnPush: true },
  });
  const { policyText } = await ecr.send(new GetRepositoryPolicyCommand({ repositoryName: 'spam' }));
  expect(policyText).toContain('lambda.amazonaws.com');
});

it('masks the login before anything else and never prints it', async () => {
  const { log } = await run({});
  const masked = [...log.matchAll(/^::add-mask::(.+)$/gm)].map((match) => match[1]!);
  expect(masked.length).toBeGreaterThanOrEqual(2);
  const rest = log.replaceAll(/^::add-mask::.+$/gm, '');
  for (const secret of masked) expect(rest).not.toContain(secret);
});

it('does nothing the second time, and says so', async () => {
  const ran = await run({});
  expect(ran.exitCode).toBe(0);
  expect(ran.outputs.digest).toBe(digest);
  expect(ran.summary).toContain('nothing: it was there already');
});

it('will not move a tag to another image', async () => {
  await layout('second', 'export const handler = async () => 2;\n');
  const ran = await run({ layout: 'second' });
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain('c0ffee');
  expect((await run({ layout: 'second', tag: 'second' })).exitCode).toBe(0);
});

it('pushes nothing that Lambda would refuse or that gives something away, and says why', async () => {
  await layout('leaky', 'export const key = "AKIAQWERTYUIOPASDFGH";\n');
  const ran = await run({ layout: 'leaky', repository: 'never', 'create-repository': 'true' });
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain('layer app: var/task/index.mjs holds an AWS access key. [secret]');
  expect(ran.log).toContain('change the secret');
  expect(ran.log).not.toContain('AKIA');
  await expect(ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['never'] }))).rejects.toThrow();
  const allowed = await run({ layout: 'leaky', allow: 'secret', tag: 'leaky' });
  expect(allowed.exitCode).toBe(0);
  expect(allowed.log).toMatch(/^::warning::layer app: var\/task\/index\.mjs holds an AWS access key/m);
});

it('refuses a folder that is no layout', async () => {
  const ran = await run({ layout: 'first-app' });
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain('first-app');
});

it('summarises where the image is and what travelled', () => {
  const result = {
    digest: `sha256:${'ab'.repeat(32)}`,
    reference: `1.dkr.ecr.us-east-1.amazonaws.com/spam@sha256:${'ab'.repeat(32)}`,
    unchanged: false,
    uploadedBytes: 1_340_000,
    uploadedBlobs: 2,
    skippedBlobs: 1,
    mountedBlobs: 1,
  };
  expect(summarise(result, 'c0ffee')).toMatchInlineSnapshot(`
    "### ⬆️ Image pushed

    |  |  |
    | --- | --- |
    | Image | \`1.dkr.ecr.us-east-1.amazonaws.com/spam@sha256:abababababababababababababababababababababababababababababababab\` |
    | Tag | \`c0ffee\` |
    | Uploaded | 1.3 MB in 2 blobs (1 there already, 1 mounted) |
    "
  `);
});
