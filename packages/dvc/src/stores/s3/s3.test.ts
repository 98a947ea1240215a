import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { add, cloudStatus, openRepo, pull, push, status } from '../../index.ts';
import { makeRepo, scratch, tree, write } from '../../test/sandbox.ts';

let aws: LocalAws;
let client: S3Client;
let box: ReturnType<typeof scratch>;
let dir: string;
let count = 0;
beforeAll(async () => {
  aws = await startLocalAws();
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  client = new S3Client({ forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'data' }));
  box = scratch();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  client.destroy();
  await aws.close();
  box.remove();
});
beforeEach(() => {
  count += 1;
  dir = makeRepo(box.dir, `repo-${count}`, `s3://data/deep/prefix-${count}/`);
});

const hello = 'files/md5/b1/946ac92492d2347c6235b4d2611184';
const forget = (...paths: string[]): void => {
  for (const path of ['.dvc/cache', ...paths]) rmSync(join(dir, path), { recursive: true, force: true });
};

describe('an S3 remote', () => {
  it('takes a tree, under the keys DVC uses, and gives it back', async () => {
    write(dir, {
      'data/a': 'hello\n',
      'data/sub/b': Buffer.alloc(300_000, 7),
      'data/empty': '',
      'data/ü 😀': 'x',
    });
    await add(openRepo(dir), { targets: ['data'] });
    expect(await push(openRepo(dir))).toMatchObject({ files: 5 });
    const { Contents } = await client.send(
      new ListObjectsV2Command({ Bucket: 'data', Prefix: `deep/prefix-${count}/` }),
    );
    expect(Contents?.map(({ Key }) => Key)).toContain(`deep/prefix-${count}/${hello}`);
    expect(Contents).toHaveLength(5);
    expect(await push(openRepo(dir))).toMatchObject({ files: 0 });
    const before = tree(join(dir, 'data'));
    forget('data');
    expect(await pull(openRepo(dir))).toMatchObject({ files: 5, added: 4 });
    expect(tree(join(dir, 'data'))).toEqual(before);
  });

  it('that holds a corrupt object gives nothing of it to the workspace', async () => {
    write(dir, { 'a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['a.txt'] });
    await push(openRepo(dir));
    await client.send(
      new PutObjectCommand({ Bucket: 'data', Key: `deep/prefix-${count}/${hello}`, Body: 'hellO\n' }),
    );
    forget('a.txt');
    await expect(pull(openRepo(dir))).rejects.toThrow(
      /object b1946ac92492d2347c6235b4d2611184 is corrupt: s3:\/\/data\/deep/,
    );
    expect(Object.values(tree(dir))).not.toContain('hellO\n');
  });

  it('checks what it is sent: a file that changed since it was hashed is refused', async () => {
    write(dir, { 'a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['a.txt'] });
    const cached = join(dir, '.dvc/cache', hello);
    chmodSync(cached, 0o644);
    writeFileSync(cached, 'hellO\n');
    await expect(push(openRepo(dir))).rejects.toThrow(/corrupt/);
    const key = `deep/prefix-${count}/${hello}`;
    await expect(client.send(new GetObjectCommand({ Bucket: 'data', Key: key }))).rejects.toThrow(
      /exist|NoSuchKey/,
    );
  });

  it('whose bucket is missing is as one without the objects', async () => {
    write(dir, {
      'a.txt.dvc': 'outs:\n- md5: b1946ac92492d2347c6235b4d2611184\n  hash: md5\n  path: a.txt\n',
    });
    write(dir, { '.dvc/config': '[core]\nremote = r\n[\'remote "r"\']\nurl = s3://no-such-bucket/x\n' });
    await expect(pull(openRepo(dir))).rejects.toThrow(/Checkout failed for following targets:\na\.txt/);
  });

  it('that keeps versions is pulled from: each file at its own path, in the version the pointer names', async () => {
    await client.send(
      new PutBucketVersioningCommand({ Bucket: 'data', VersioningConfiguration: { Status: 'Enabled' } }),
    );
    const put = async (path: string, body: string): Promise<string> => {
      const Key = `deep/prefix-${count}/${path}`;
      const { VersionId } = await client.send(new PutObjectCommand({ Bucket: 'data', Key, Body: body }));
      return VersionId!;
    };
    const [one, file] = [await put('sub/d/a', 'hello\n'), await put('f.txt', 'x')];
    await put('sub/d/a', 'a later version');
    const cloud = (indent: string, version: string): string =>
      `${indent}cloud:\n${indent}  r:\n${indent}    etag: e\n${indent}    version_id: ${version}\n`;
    write(dir, {
      '.dvc/config': `[core]\nremote = r\n['remote "r"']\nurl = s3://data/deep/prefix-${count}\nversion_aware = true\n`,
      'sub/d.dvc': `outs:\n- path: d\n  hash: md5\n  files:\n  - relpath: a\n    md5: b1946ac92492d2347c6235b4d2611184\n    size: 6\n${cloud('    ', one)}`,
      'f.txt.dvc': `outs:\n- md5: 9dd4e461268c8034f5c8564e155c67a6\n  size: 1\n${cloud('  ', file)}  hash: md5\n  path: f.txt\n`,
    });
    expect(await pull(openRepo(dir))).toMatchObject({ files: 2, added: 2 });
    expect(tree(dir)).toMatchObject({ 'sub/d/a': 'hello\n', 'f.txt': 'x' });
    expect(await status(openRepo(dir))).toEqual({});
    await expect(cloudStatus(openRepo(dir))).rejects.toThrow(
      "'status' is unsupported for cloud versioned remotes",
    );
  });

  it('carries large objects in parts, both ways', async () => {
    const large = Buffer.alloc((64 << 20) + 12_345);
    for (let at = 0; at < large.length; at += 4096) large.writeUInt32LE(at, at);
    write(dir, { 'large.bin': large });
    await add(openRepo(dir), { targets: ['large.bin'] });
    expect(await push(openRepo(dir))).toMatchObject({ files: 1, sizeBytes: large.length });
    forget('large.bin');
    expect(await pull(openRepo(dir))).toMatchObject({ files: 1, sizeBytes: large.length });
    expect(readFileSync(join(dir, 'large.bin')).equals(large)).toBe(true);
  });

  it('is repaired by push where it is corrupt, and only when asked to', async () => {
    write(dir, { 'd/a': 'hello\n', 'd/b': 'b' });
    await add(openRepo(dir), { targets: ['d'] });
    await push(openRepo(dir));
    const key = { Bucket: 'data', Key: `deep/prefix-${count}/${hello}` };
    await client.send(new PutObjectCommand({ ...key, Body: 'hellO\n' }));
    expect(await push(openRepo(dir))).toMatchObject({ files: 0, repaired: 0 });
    expect(await push(openRepo(dir), { repair: true })).toMatchObject({ files: 1, repaired: 1 });
    const { Body } = await client.send(new GetObjectCommand(key));
    expect(await Body?.transformToString()).toBe('hello\n');
  });
});
