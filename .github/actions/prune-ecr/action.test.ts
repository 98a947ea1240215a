import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { architecture, pushSpamFunction, role } from '../lib/test/spam-function.ts';
import { spawnAction } from '../lib/test/spawn-action.ts';
import { summarise } from './action.ts';

const program = join(import.meta.dirname, 'dist/index.js');
let aws: LocalAws;
let ecr: ECRClient;
let lambda: LambdaClient;
let folder: string;
/** Digests: an image that an alias' version runs, one that only $LATEST runs, one that nobody does. */
let live: string;
let latest: string;
let unused: string;

beforeAll(async () => {
  aws = await startLocalAws();
  folder = await mkdtemp(join(tmpdir(), 'prune-ecr-'));
  const client = { endpoint: aws.url, region: aws.region, credentials: aws.credentials };
  ecr = new ECRClient(client);
  lambda = new LambdaClient(client);
  const images: string[] = [];
  for (const score of [0.7, 0.8, 0.9]) images.push(await pushSpamFunction(aws, folder, score));
  [live = '', latest = '', unused = ''] = images.map((image) => image.split('@')[1]!);
  const FunctionName = 'spam';
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role,
      PackageType: 'Image',
      Code: { ImageUri: images[0]! },
      Architectures: [architecture],
    }),
  );
  await waitUntilFunctionActiveV2(
    { client: lambda, maxWaitTime: 60, minDelay: 0.1, maxDelay: 0.5 },
    { FunctionName },
  );
  const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName }));
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: Version! }));
  await lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ImageUri: images[1]! }));
  await waitUntilFunctionUpdatedV2(
    { client: lambda, maxWaitTime: 60, minDelay: 0.1, maxDelay: 0.5 },
    { FunctionName },
  );
});
afterAll(async () => {
  ecr.destroy();
  lambda.destroy();
  await aws.close();
  await rm(folder, { recursive: true });
});

const prune = (inputs: Record<string, string>, env: Record<string, string> = aws.env) =>
  spawnAction(program, { with: { repository: 'spam', keep: '0', 'older-than-days': '0', ...inputs }, env });
const left = async () => {
  const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName: 'spam' }));
  return (imageDetails ?? []).map(({ imageDigest }) => imageDigest).sort();
};

it('only says what it would do, unless told otherwise', async () => {
  const ran = await prune({});
  expect(ran).toMatchObject({ exitCode: 0, outputs: { deleted: '0', kept: '3', freed: '0' } });
  expect(ran.log).toMatch(new RegExp(`delete ${unused} \\(no tag\\): unused, 0 days old`));
  expect(ran.summary).toContain('would delete 1 (a dry run deletes nothing) of 3 images');
  expect(await left()).toHaveLength(3);
});

it('deletes nothing when it may not see every function', async () => {
  const { AWS_ENDPOINT_URL: url, ...others } = aws.env;
  const ran = await prune(
    { 'dry-run': 'false' },
    {
      ...others,
      AWS_ENDPOINT_URL_ECR: url!,
      AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:9',
      AWS_MAX_ATTEMPTS: '1',
    },
  );
  expect(ran.exitCode).toBe(1);
  expect(await left()).toHaveLength(3);
});

it('deletes what nobody runs, and the alias still answers', async () => {
  const ran = await prune({ 'dry-run': 'false' });
  expect(ran).toMatchObject({ exitCode: 0, outputs: { deleted: '1', kept: '2' } });
  expect(ran.log).toContain(`keep   ${live} (no tag): used by spam:1`);
  expect(ran.log).toContain(`keep   ${latest} (no tag): used by spam:$LATEST`);
  expect(await left()).toEqual([live, latest].sort());
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: 'spam', Qualifier: 'live', Payload: JSON.stringify({ text: 'hi!' }) }),
  );
  expect(answer.FunctionError).toBeUndefined();
  expect((await prune({ 'dry-run': 'false' })).outputs.deleted).toBe('0');
});

it.each<[Record<string, string>, string]>([
  [{ repository: 'nowhere' }, 'nowhere'],
  [{ keep: '-1' }, 'Input "keep" is a whole number'],
  [{ 'dry-run': 'no' }, 'Input "dry-run" is true or false'],
  [{ kep: '1' }, 'did you mean "keep"?'],
])('refuses %j', async (inputs, message) => {
  const ran = await prune(inputs);
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain(message);
});

it('summarises what went and why the rest stays', () => {
  const image = (digest: string, tags: string[]) => ({
    digest: `sha256:${digest.repeat(32)}`,
    tags,
    pushedAt: new Date('2026-05-01'),
    sizeBytes: 61_200_000,
  });
  expect(
    summarise(
      'spam',
      [
        { image: image('ab', ['v2']), verdict: 'keep', reason: 'used by spam:3' },
        {
          image: image('cd', ['v1', 'x|y']),
          verdict: 'delete',
          reason: 'unused, 90 days old, number 2 by age',
        },
      ],
      false,
    ),
  ).toMatchInlineSnapshot(`
    "### 🧹 \`spam\`: deleted 1 of 2 images, 61.2 MB

    |  | Image | Tags | Pushed | Size | Why |
    | --- | --- | --- | --- | --- | --- |
    |  | \`abababababab\` | v2 | 2026-05-01 | 61.2 MB | used by spam:3 |
    | 🗑️ | \`cdcdcdcdcdcd\` | v1, x\\|y | 2026-05-01 | 61.2 MB | unused, 90 days old, number 2 by age |

    "
  `);
});
