import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { add, openRepo, push } from '@mainline/dvc';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { spawnAction } from '../lib/test/spawn-action.ts';
import { summarise } from './action.ts';

const program = join(import.meta.dirname, 'dist/index.js');
let aws: LocalAws;
let s3: S3Client;
let folder: string;
let pointer: string;

/** A repository whose model was pushed to S3 by somebody else. */
beforeAll(async () => {
  aws = await startLocalAws();
  Object.assign(process.env, aws.env);
  s3 = new S3Client({ endpoint: aws.url, region: aws.region, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'models' }));
  folder = await mkdtemp(join(tmpdir(), 'dvc-pull-'));
  const author = await clone('author');
  await mkdir(join(author, 'model'));
  await writeFile(join(author, 'model/weights.bin'), 'weights');
  await writeFile(join(author, 'model/labels.txt'), 'ham\nspam\n');
  const repo = openRepo(author);
  await add(repo, { targets: ['model'] });
  await push(repo);
  pointer = await readFile(join(author, 'model.dvc'), 'utf8');
});
afterAll(async () => {
  s3.destroy();
  await aws.close();
  await rm(folder, { recursive: true });
});

async function clone(name: string): Promise<string> {
  const repo = join(folder, name);
  await mkdir(join(repo, '.dvc'), { recursive: true });
  await writeFile(
    join(repo, '.dvc/config'),
    '[core]\n    remote = store\n    no_scm = true\n[\'remote "store"\']\n    url = s3://models/dvc\n',
  );
  if (pointer) await writeFile(join(repo, 'model.dvc'), pointer);
  return repo;
}

const run = (cwd: string, inputs: Record<string, string> = {}) =>
  spawnAction(program, { cwd, with: inputs, env: aws.env });

it('pulls what the pointer says, and the second time nothing', async () => {
  const repo = await clone('fresh');
  const first = await run(repo, { targets: 'model.dvc' });
  expect(first).toMatchObject({
    exitCode: 0,
    outputs: { files: '3', digest: expect.stringMatching(/^[0-9a-f]{32}$/) },
  });
  expect(await readFile(join(repo, 'model/labels.txt'), 'utf8')).toBe('ham\nspam\n');
  const second = await run(repo);
  expect(second.outputs).toEqual({
    files: '0',
    bytes: '0',
    digest: first.outputs.digest,
    'cache-hit': 'false',
  });
  expect(second.summary).toContain('Nothing had to be downloaded');
});

it('has the threads that large files and many files need, though it is one file', async () => {
  const config = '[core]\n    remote = near\n    no_scm = true\n[\'remote "near"\']\n    url = ../../near\n';
  const [author, repo] = [join(folder, 'near-author'), join(folder, 'near-repo')];
  const large = Buffer.alloc(3 << 20, 'large');
  for (const dir of [author, repo]) await mkdir(join(dir, '.dvc'), { recursive: true });
  for (const dir of [author, repo]) await writeFile(join(dir, '.dvc/config'), config);
  await mkdir(join(author, 'data'));
  await writeFile(join(author, 'data/large'), large);
  for (let at = 0; at < 300; at++) await writeFile(join(author, 'data', String(at)), `file ${at}`);
  await add(openRepo(author), { targets: ['data'] });
  await push(openRepo(author));
  await writeFile(join(repo, 'data.dvc'), await readFile(join(author, 'data.dvc')));
  expect(await run(repo)).toMatchObject({ exitCode: 0, outputs: { files: '302' } });
  expect(await readFile(join(repo, 'data/large'))).toEqual(large);
  expect(await readFile(join(repo, 'data/299'), 'utf8')).toBe('file 299');
});

it('names a corrupted object and puts nothing in place', async () => {
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'models' }));
  const key = Contents?.find(({ Size }) => Size === 'weights'.length)?.Key;
  await s3.send(new PutObjectCommand({ Bucket: 'models', Key: key, Body: 'WEIGHTS' }));
  const repo = await clone('corrupted');
  const ran = await run(repo);
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain(key?.split('/').slice(-2).join(''));
  expect(ran.outputs).toEqual({});
  expect(ran.log).toMatch(/^::error file=[^,]*model\.dvc/m);
  await expect(readFile(join(repo, 'model/weights.bin'))).rejects.toThrow('ENOENT');
  await s3.send(new PutObjectCommand({ Bucket: 'models', Key: key, Body: 'weights' }));
});

it.each<[string, Record<string, string>, string]>([
  ['a target that nothing tracks', { targets: 'other.dvc' }, 'other.dvc'],
  ['a remote that is not configured', { remote: 'elsewhere' }, 'elsewhere'],
  ['a folder without a repository', { 'working-directory': '..' }, 'not inside of a DVC repository'],
  ['a misspelt input', { target: 'model.dvc' }, 'did you mean "targets"?'],
])('refuses %s', async (_, inputs, message) => {
  const ran = await run(await clone('refuses'), inputs);
  expect(ran.exitCode).toBe(1);
  expect(ran.log).toContain(message);
});

it('pulls all the same where the runner has no cache service', async () => {
  const ran = await run(await clone('without'), { cache: 'true' });
  expect(ran).toMatchObject({ exitCode: 0, outputs: { files: '3', 'cache-hit': 'false' } });
  expect(ran.log).not.toContain('::warning');
});

it('warns about what is missing where that is allowed, and marks the pointer where it is not', async () => {
  const repo = await clone('missing');
  await writeFile(join(repo, 'gone.dvc'), `outs:\n- md5: ${'0'.repeat(31)}1\n  hash: md5\n  path: gone\n`);
  const refused = await run(repo);
  expect(refused.exitCode).toBe(1);
  expect(refused.log).toMatch(/^::error file=[^,]*gone\.dvc.*Checkout failed/m);
  const allowed = await run(repo, { 'allow-missing': 'true' });
  expect(allowed.exitCode).toBe(0);
  expect(allowed.log).toMatch(/^::warning file=[^,]*gone\.dvc::gone is missing/m);
  expect(allowed.summary).toContain('⚠️ missing');
});

it('pulls from a folder as remote, with no AWS in sight', async () => {
  const repo = await clone('near');
  const config = (url: string) =>
    `[core]\n    remote = near\n    no_scm = True\n['remote "near"']\n    url = ${url}\n`;
  await writeFile(join(folder, 'author/.dvc/config'), config('../../store'));
  await push(openRepo(join(folder, 'author')));
  await writeFile(join(repo, '.dvc/config'), config('../../store'));
  const ran = await spawnAction(program, { cwd: repo, with: {} });
  expect(ran).toMatchObject({ exitCode: 0, outputs: { files: '3' } });
  expect(await readFile(join(repo, 'model/weights.bin'), 'utf8')).toBe('weights');
});

it('summarises what is in place', () => {
  expect(
    summarise(
      {
        files: 3,
        sizeBytes: 4_200_000,
        added: 2,
        modified: 0,
        deleted: 0,
        digest: 'd'.repeat(32),
        outs: [
          { path: 'models/spam/model/', oid: `${'a'.repeat(32)}.dir`, change: 'added' },
          { path: 'data.csv', oid: 'b'.repeat(32), change: undefined },
        ],
        missing: [],
      },
      false,
    ),
  ).toMatchInlineSnapshot(`
    "### 📥 Data in place

    Downloaded 3 files, 4.2 MB; every md5 was checked.

    | Path | md5 |  |
    | --- | --- | --- |
    | \`models/spam/model/\` | \`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.dir\` | added |
    | \`data.csv\` | \`bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\` | up to date |
    "
  `);
});
