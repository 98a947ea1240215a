import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { add, openRepo, pull, push, status, TransferFailed, UnsavedFiles } from '../index.ts';
import { makeRepo, scratch, tree, write } from '../test/sandbox.ts';

let box: ReturnType<typeof scratch>;
let source: string;
let dir: string;

/** Enough small files for several threads, the same bytes twice, none at all, and some that are too large to be carried. */
const files: Record<string, Buffer> = {
  ...Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`${at % 7}/${at}`, Buffer.alloc(at * 99, `${at} `)]),
  ),
  twin: Buffer.alloc(990, '10 '),
  'deep/er/empty': Buffer.alloc(0),
  full: Buffer.alloc(1 << 20, 'full'),
  large: Buffer.alloc(5 << 20, 'large'),
  'large twin': Buffer.alloc(5 << 20, 'large'),
};
/** A folder on another disk than that of the tests. */
const otherDisk = ['/dev/shm'].find(
  (folder) =>
    statSync(folder, { throwIfNoEntry: false })?.dev !== statSync(tmpdir()).dev && existsSync(folder),
);
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
const object = (root: string, bytes: Buffer): string =>
  join(root, 'files/md5', md5(bytes).slice(0, 2), md5(bytes).slice(2));
const data = (): Record<string, string> => tree(join(dir, 'data'));
const wanted = Object.fromEntries(
  Object.entries(files).map(([path, bytes]) => [path, bytes.toString('latin1')]),
);

beforeEach(async () => {
  box = scratch();
  source = makeRepo(box.dir, 'source');
  for (const [path, bytes] of Object.entries(files)) write(source, { [`data/${path}`]: bytes });
  await add(openRepo(source), { targets: ['data'] });
  await push(openRepo(source));
  dir = makeRepo(box.dir, 'other');
  cpSync(join(source, 'data.dvc'), join(dir, 'data.dvc'));
});
afterEach(() => box.remove());

/** Everything that a run made for itself and should have taken away. */
const leftovers = (): string[] =>
  [join(dir, '.dvc/cache/tmp'), join(dir, '.dvc/tmp/mainline/checkout')].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder) : [],
  );

describe('a pull from a folder', () => {
  it('brings cache and workspace, each its own copy, and knows both the next time', async () => {
    expect(await pull(openRepo(dir))).toMatchObject({
      files: new Set(Object.values(files).map(md5)).size + 1,
      added: Object.keys(files).length,
    });
    expect(data()).toEqual(wanted);
    for (const [path, bytes] of Object.entries(files)) {
      const [kept, placed] = [object(join(dir, '.dvc/cache'), bytes), join(dir, 'data', path)].map((file) =>
        lstatSync(file),
      );
      expect([kept!.mode & 0o777, placed!.mode & 0o777]).toEqual([0o444, 0o666 & ~process.umask()]);
      expect(placed!.nlink).toBe(1);
      expect(readFileSync(object(join(dir, '.dvc/cache'), bytes)).equals(bytes)).toBe(true);
    }
    expect(leftovers()).toEqual([]);
    const { state, cache } = openRepo(dir);
    for (const [path, bytes] of Object.entries(files))
      for (const file of [join(dir, 'data', path), cache.path('md5', md5(bytes))])
        expect(state.get(file, 'md5', lstatSync(file))).toBe(md5(bytes));
    rmSync(join(box.dir, 'remote'), { recursive: true });
    expect(await pull(openRepo(dir))).toMatchObject({ files: 0, added: 0, modified: 0 });
    expect(await status(openRepo(dir))).toEqual({});
  });

  it.each([
    ['small', files['1/1']!],
    ['large', files.large!],
  ])('writes nothing of a corrupt %s object, names it, and keeps the rest', async (_, bytes) => {
    const bad = object(join(box.dir, 'remote'), bytes);
    chmodSync(bad, 0o644);
    writeFileSync(bad, Buffer.concat([Buffer.from('?'), bytes.subarray(1)]));
    const failed = pull(openRepo(dir));
    await expect(failed).rejects.toThrow(TransferFailed);
    await expect(failed).rejects.toThrow(
      new RegExp(`^1 file failed to download:\ndata: object ${md5(bytes)} is corrupt`),
    );
    expect(existsSync(join(dir, 'data'))).toBe(false);
    expect(existsSync(object(join(dir, '.dvc/cache'), bytes))).toBe(false);
    expect(leftovers()).toEqual([]);

    writeFileSync(bad, bytes);
    expect(await pull(openRepo(dir))).toMatchObject({ files: 1, added: Object.keys(files).length });
    expect(data()).toEqual(wanted);
  });

  it('names an object that is not there, and puts nothing in place', async () => {
    rmSync(object(join(box.dir, 'remote'), files['3/3']!));
    await expect(pull(openRepo(dir))).rejects.toThrow(
      `data: no object files/md5/${md5(files['3/3']!).slice(0, 2)}`,
    );
    expect(existsSync(join(dir, 'data'))).toBe(false);
  });

  it('adds what lacks to a folder that is there, and leaves a changed file alone unless forced', async () => {
    write(dir, { 'data/0/0': files['0/0']!, 'data/1/1': 'mine' });
    await expect(pull(openRepo(dir))).rejects.toThrow(UnsavedFiles);
    expect(data()).toEqual({ '0/0': '', '1/1': 'mine' });
    rmSync(join(dir, 'data/1/1'));
    write(dir, { 'data/1': undefined });
    expect(await pull(openRepo(dir))).toMatchObject({ added: Object.keys(files).length - 1, modified: 0 });
    expect(data()).toEqual(wanted);

    write(dir, { 'data/1/1': 'mine' });
    expect(await pull(openRepo(dir), { force: true })).toMatchObject({ added: 0, modified: 1 });
    expect(data()).toEqual(wanted);
    expect(leftovers()).toEqual([]);
  });

  it('brings parts of a directory one after the other, and an executable file', async () => {
    expect(await pull(openRepo(dir), { targets: ['data/0', 'data/deep/er/empty'] })).toMatchObject({
      added: 44,
    });
    expect(Object.keys(data()).every((path) => /^(0|deep)\//.test(path))).toBe(true);
    expect(await pull(openRepo(dir))).toMatchObject({ added: Object.keys(files).length - 44 });
    expect(data()).toEqual(wanted);

    write(source, { 'run.sh': '#!/bin/sh\n' });
    chmodSync(join(source, 'run.sh'), 0o755);
    await add(openRepo(source), { targets: ['run.sh'] });
    await push(openRepo(source));
    cpSync(join(source, 'run.sh.dvc'), join(dir, 'run.sh.dvc'));
    await pull(openRepo(dir));
    expect(lstatSync(join(dir, 'run.sh')).mode & 0o111).not.toBe(0);
  });

  it.skipIf(!otherDisk)(
    `works where .dvc/tmp is on another disk${otherDisk ? '' : ' (skipped: there is none)'}`,
    async () => {
      const far = mkdtempSync(join(otherDisk!, 'mainline-dvc-'));
      symlinkSync(far, join(dir, '.dvc/tmp'));
      try {
        expect(await pull(openRepo(dir))).toMatchObject({ added: Object.keys(files).length });
        expect(data()).toEqual(wanted);
        expect(readdirSync(join(far, 'mainline'))).not.toContain('checkout');
        expect(await pull(openRepo(dir))).toMatchObject({ files: 0, added: 0, modified: 0 });
      } finally {
        rmSync(far, { recursive: true });
      }
    },
  );

  it.each(['hardlink', 'symlink'])(
    'makes %ss where cache.type says so, and knows them the next time',
    async (type) => {
      const file = join(dir, '.dvc/config');
      writeFileSync(file, `${readFileSync(file, 'utf8')}[cache]\n    type = ${type}\n`);
      await pull(openRepo(dir));
      expect(data()).toEqual(wanted);
      const stat = lstatSync(join(dir, 'data/1/1'));
      expect(type === 'symlink' ? stat.isSymbolicLink() : stat.nlink > 1).toBe(true);
      const { state, cache } = openRepo(dir);
      const kept = cache.path('md5', md5(files['1/1']!));
      expect(state.get(kept, 'md5', lstatSync(kept))).toBe(md5(files['1/1']!));
      expect(await pull(openRepo(dir))).toMatchObject({ files: 0, added: 0, modified: 0 });
    },
  );
});
