import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { add, openRepo } from '@mainline/dvc';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { spawnAction } from '../lib/test/spawn-action.ts';
import { summarise } from './action.ts';

/** md5 of "weights". */
const weights = '63f4f1e9b725370f459720575cd5f953';
const program = join(import.meta.dirname, 'dist/index.js');
let aws: LocalAws;
let s3: S3Client;
let folder: string;
let repo: string;
let count = 0;

beforeAll(async () => {
  aws = await startLocalAws();
  Object.assign(process.env, aws.env);
  s3 = new S3Client({ endpoint: aws.url, region: aws.region, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'models' }));
  folder = await mkdtemp(join(tmpdir(), 'dvc-push-'));
});
afterAll(async () => {
  s3.destroy();
  await aws.close();
  await rm(folder, { recursive: true });
});

/** A repository with data that was added, and a remote of its own. */
beforeEach(async () => {
  count += 1;
  repo = join(folder, `repo-${count}`);
  await configure(`s3://models/${count}`);
  await mkdir(join(repo, 'model'));
  await writeFile(join(repo, 'model/weights.bin'), 'weights');
  await writeFile(join(repo, 'model/labels.txt'), 'ham\nspam\n');
  await add(openRepo(repo), { targets: ['model'] });
});

async function configure(url: string): Promise<void> {
  await mkdir(join(repo, '.dvc'), { recursive: true });
  const remote = `['remote "store"']\n    url = ${url}\n`;
  await writeFile(join(repo, '.dvc/config'), `[core]\n    remote = store\n    no_scm = True\n${remote}`);
}

const run = (inputs: Record<string, string> = {}) =>
  spawnAction(program, { cwd: repo, with: inputs, env: aws.env });

it('uploads what the remote lacks, and the second time nothing', async () => {
  const first = await run({ targets: 'model.dvc' });
  expect(first).toMatchObject({
    exitCode: 0,
    outputs: { files: '3', digest: expect.stringMatching(/^[0-9a-f]{32}$/) },
  });
  const second = await run();
  expect(second.outputs).toEqual({ files: '0', bytes: '0', digest: first.outputs.digest });
  expect(second.summary).toContain('The remote had everything');
});

it('replaces a corrupt object when asked to repair', async () => {
  await run();
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'models', Prefix: `${count}/` }));
  const key = Contents?.find(({ Size }) => Size === 'weights'.length)?.Key;
  await s3.send(new PutObjectCommand({ Bucket: 'models', Key: key, Body: 'WEIGHTS' }));
  expect((await run()).outputs).toMatchObject({ files: '0' });
  const repaired = await run({ repair: 'true' });
  expect(repaired.outputs).toMatchObject({ files: '1', bytes: '7' });
  expect(repaired.summary).toContain('1 of them in place of corrupt ones');
});

it('fails over data that is nowhere, unless that is allowed', async () => {
  await rm(join(repo, '.dvc/cache'), { recursive: true });
  const refused = await run();
  expect(refused.exitCode).toBe(1);
  expect(refused.log).toMatch(
    /^::error file=[^,]*model\.dvc::neither the cache nor the remote has [0-9a-f]{32}\.dir/m,
  );
  const allowed = await run({ 'allow-missing': 'true' });
  expect(allowed.exitCode).toBe(0);
  expect(allowed.log).toMatch(/^::warning file=[^,]*model\.dvc::neither/m);
});

it('marks every pointer whose data is nowhere', async () => {
  await writeFile(join(repo, 'other.csv'), 'other');
  await add(openRepo(repo), { targets: ['other.csv'] });
  await rm(join(repo, '.dvc/cache'), { recursive: true });
  const { log } = await run();
  for (const name of ['model', 'other\\.csv'])
    expect(log).toMatch(new RegExp(`^::error file=[^,]*${name}\\.dvc::neither`, 'm'));
});

it('marks the pointer whose folder lacks a file, and does not promise the folder', async () => {
  await configure('../../lacking');
  await writeFile(join(repo, 'other.csv'), 'other');
  await add(openRepo(repo), { targets: ['other.csv'] });
  await rm(join(repo, '.dvc/cache/files/md5', weights.slice(0, 2)), { recursive: true });
  const ran = await run();
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toMatch(new RegExp(`^::error file=[^,]*model\\.dvc::.*${weights}`, 'm'));
  const kept = await readdir(join(folder, 'lacking/files/md5'), { recursive: true });
  expect(kept.filter((name) => name.endsWith('.dir'))).toEqual([]);
  expect(kept.filter((name) => name.length > 2)).toHaveLength(2);
});

it('does not spread what is corrupt in the cache, and marks its pointer', async () => {
  await configure('../../rotten');
  const cached = join(repo, '.dvc/cache/files/md5', weights.slice(0, 2), weights.slice(2));
  await chmod(cached, 0o644);
  await appendFile(cached, '!');
  const ran = await run();
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toMatch(new RegExp(`^::error file=[^,]*model\\.dvc::.*${weights} is corrupt`, 'm'));
});

it('pushes to a folder as remote, with no AWS in sight', async () => {
  await configure('../../store');
  expect(await spawnAction(program, { cwd: repo, with: {} })).toMatchObject({
    exitCode: 0,
    outputs: { files: '3' },
  });
  const [, oid] = /md5: (\S+)/.exec(await readFile(join(repo, 'model.dvc'), 'utf8'))!;
  expect(await readFile(join(folder, 'store/files/md5', oid!.slice(0, 2), oid!.slice(2)), 'utf8')).toContain(
    'labels.txt',
  );
});

it.each([
  ['a target that nothing tracks', { targets: 'other.dvc' }, 'other.dvc'],
  ['a remote that is not configured', { remote: 'elsewhere' }, 'elsewhere'],
  ['a misspelt input', { target: 'model.dvc' }, 'did you mean "targets"?'],
])('refuses %s', async (_, inputs, message) => {
  const ran = await run(inputs);
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain(message);
});

it('summarises what the remote has', () => {
  const outs = [{ path: 'models/spam/model', oid: `${'a'.repeat(32)}.dir` }];
  expect(
    summarise({ files: 3, sizeBytes: 4_200_000, repaired: 1, missing: [] }, outs),
  ).toMatchInlineSnapshot(`
    "### 📤 Data in the remote

    Uploaded 3 files, 4.2 MB, 1 of them in place of corrupt ones.

    | Path | md5 |
    | --- | --- |
    | \`models/spam/model\` | \`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.dir\` |
    "
  `);
});
