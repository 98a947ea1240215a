import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from './cli/run.ts';
import { add, checkout, commit, openRepo, pull, push, status } from './index.ts';
import { filesIn, hello, makeRepo, tree, useScratch, write } from './test/sandbox.ts';

let dir: string;
const box = useScratch((folder) => {
  dir = makeRepo(folder);
});

const { read, remove } = filesIn(() => dir);
const config = (text: string): void =>
  write(dir, {
    '.dvc/config': `[core]\n    remote = r\n    no_scm = True\n${text}['remote "r"']\n    url = ../../remote\n`,
  });

describe('DVC 2 files', () => {
  const crlf = '4fcc82a88ee38e0aa16c17f512c685c9';
  const pointer = `outs:\n- md5: ${crlf}\n  size: 14\n  path: crlf.txt\n`;

  it('are pulled from, and kept in, their own layout under their own hash', async () => {
    write(dir, { 'crlf.txt.dvc': pointer });
    write(box.dir, { [`remote/4f/${crlf.slice(2)}`]: 'line1\r\nline2\r\n' });
    expect(await pull(openRepo(dir))).toMatchObject({ files: 1, added: 1 });
    expect(read('crlf.txt')).toBe('line1\r\nline2\r\n');
    expect(tree(join(dir, '.dvc/cache'))).toEqual({ [`4f/${crlf.slice(2)}`]: 'line1\r\nline2\r\n' });
    expect(await status(openRepo(dir))).toEqual({});
  });

  it('stay as they are while the data does, and become DVC 3 when it changes', async () => {
    write(dir, { 'crlf.txt': 'line1\r\nline2\r\n', 'crlf.txt.dvc': pointer });
    expect((await add(openRepo(dir), { targets: ['crlf.txt'] }))[0]).toMatchObject({ changed: false });
    expect(await push(openRepo(dir))).toMatchObject({ files: 1 });
    expect(Object.keys(tree(join(box.dir, 'remote')))).toEqual([`4f/${crlf.slice(2)}`]);
    write(dir, { 'crlf.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['crlf.txt'] });
    expect(read('crlf.txt.dvc')).toBe(`outs:\n- md5: ${hello}\n  size: 6\n  path: crlf.txt\n  hash: md5\n`);
  });

  it('may be directories, whose members are hashed the old way too', async () => {
    write(dir, { 'd/crlf.txt': 'line1\r\nline2\r\n', 'd/sub/hello.txt': 'hello\n' });
    write(dir, {
      'd.dvc': 'outs:\n- md5: 98faa4e4028daf01ed78738734e2f981.dir\n  size: 20\n  nfiles: 2\n  path: d\n',
    });
    await commit(openRepo(dir));
    expect(read('d.dvc')).toContain('98faa4e4028daf01ed78738734e2f981.dir');
    expect(Object.keys(tree(join(dir, '.dvc/cache')))).toContain('98/faa4e4028daf01ed78738734e2f981.dir');
    expect(await status(openRepo(dir))).toEqual({});
    // Its other members keep names that DVC 3 looks for elsewhere: a mixture could not be pulled.
    await expect(add(openRepo(dir), { targets: ['d/crlf.txt'] })).rejects.toThrow(/was tracked by DVC 2/);
  });
});

describe('add', () => {
  it('brings one path in a tracked directory up to date, and drops one that is gone', async () => {
    write(dir, { 'd/a': 'a', 'd/b/c': 'cc' });
    await add(openRepo(dir), { targets: ['d'] });
    write(dir, { 'd/new': 'nnn' });
    await add(openRepo(dir), { targets: ['d/new'] });
    // Only appended: the size is known.
    expect(read('d.dvc')).toMatch(/size: 6\n {2}nfiles: 3\n/);
    remove('d/b');
    await add(openRepo(dir), { targets: ['d/b'] });
    expect(read('d.dvc')).toMatch(/\.dir\n {2}nfiles: 2\n {2}hash: md5\n/);
    expect(await status(openRepo(dir))).toEqual({});
    await expect(add(openRepo(dir), { targets: ['d/never'] })).rejects.toThrow(/does not exist/);
  });

  it('without commit leaves the cache empty; commit then fills it', async () => {
    write(dir, { 'a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['a.txt'], noCommit: true });
    expect(tree(join(dir, '.dvc/cache'))).toEqual({});
    expect(await status(openRepo(dir))).toEqual({
      'a.txt.dvc': [{ 'changed outs': { 'a.txt': 'not in cache' } }],
    });
    expect(await commit(openRepo(dir))).toEqual([]);
    expect(await status(openRepo(dir))).toEqual({});
  });

  it('to the remote sends the data and keeps nothing of it here', async () => {
    write(box.dir, { 'far/a': 'hello\n', 'far/b': 'b' });
    await add(openRepo(dir), { targets: ['../far'], toRemote: true });
    expect(read('far.dvc')).toMatch(
      /^outs:\n- md5: [0-9a-f]{32}\.dir\n {2}size: 7\n {2}hash: md5\n {2}path: far\n$/,
    );
    expect(tree(join(dir, '.dvc/cache'))).toEqual({});
    await pull(openRepo(dir));
    expect(tree(join(dir, 'far'))).toEqual({ a: 'hello\n', b: 'b' });
  });

  it('from elsewhere copies into the repository', async () => {
    write(box.dir, { 'far/a': 'hello\n' });
    await add(openRepo(dir), { targets: ['../far/a'], out: 'sub.txt' });
    expect(read('sub.txt')).toBe('hello\n');
    expect(read('sub.txt.dvc')).toContain(hello);
    await expect(add(openRepo(dir), { targets: ['../far/a'], out: 'sub.txt' })).rejects.toThrow(
      /exists already/,
    );
    await expect(add(openRepo(dir), { targets: ['https://host/x'], out: 'y' })).rejects.toThrow(
      /not supported/,
    );
  });

  it('takes a linked file for the file, skips linked folders, and refuses a broken link', async () => {
    write(box.dir, { 'far/a': 'hello\n' });
    mkdirSync(join(dir, 'd'));
    symlinkSync(join(box.dir, 'far/a'), join(dir, 'd/file'));
    symlinkSync(join(box.dir, 'far'), join(dir, 'd/folder'));
    await add(openRepo(dir), { targets: ['d'] });
    expect(read('d.dvc')).toContain('nfiles: 1');
    expect(lstatSync(join(dir, 'd/file')).isFile()).toBe(true);
    expect(read('d/file')).toBe('hello\n');
    symlinkSync('nowhere', join(dir, 'broken'));
    await expect(add(openRepo(dir), { targets: ['broken'] })).rejects.toThrow(/link to nothing/);
  });

  it('refuses linked folders, as resolve_paths of DVC does: the pointer would stand beside the link', async () => {
    write(dir, { 'real/a': 'a', 'real/sub/b': 'b' });
    symlinkSync('real', join(dir, 'link'));
    for (const target of ['link', 'link/a', 'link/sub/b', 'link/sub'])
      await expect(add(openRepo(dir), { targets: [target] })).rejects.toThrow(
        /Cannot add files inside symlinked directories to DVC/,
      );
    expect(Object.keys(tree(dir)).filter((name) => name.endsWith('.dvc'))).toEqual([]);
  });

  it('escapes what Git would read as a pattern, and adds no line that is there', async () => {
    write(dir, {
      '.git': undefined,
      '.dvc/config': '',
      '.gitignore': '*.bin',
      'a[1]!.txt': 'x',
      'y.bin': 'y',
    });
    await add(openRepo(dir), { targets: ['a[1]!.txt', 'y.bin'] });
    expect(read('.gitignore')).toBe('*.bin\n/a\\[1\\]\\!.txt\n');
  });

  it('writes no pointer that Git ignores: nobody would find it', async () => {
    write(dir, {
      '.git': undefined,
      '.dvc/config': '',
      '.gitignore': '/build/\n*.log.dvc\n',
      'build/x': 'x',
      'a.log': 'a',
    });
    for (const target of ['build/x', 'a.log'])
      await expect(add(openRepo(dir), { targets: [target] })).rejects.toThrow(
        `bad DVC file name '${target}.dvc' is git-ignored.`,
      );
    expect(Object.keys(tree(dir)).filter((name) => name.endsWith('.dvc'))).toEqual([]);
  });

  it('leaves to Git what Git tracks, and stages its own files when core.autostage says so', async () => {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: dir, encoding: 'utf8' });
    write(dir, { 'a.txt': 'hello\n', 'b.txt': 'b', '.dvc/config': '[core]\n    autostage = true\n' });
    git('init', '-q');
    git('add', 'a.txt');
    await expect(add(openRepo(dir), { targets: ['a.txt'] })).rejects.toMatchObject({
      message: "output 'a.txt' is already tracked by SCM (e.g. Git).",
      hint: expect.stringContaining("git rm -r --cached 'a.txt'"),
    });
    // What is a pattern to Git names one file here: that another one matches it is no reason to refuse.
    write(dir, { 'a[.]txt': 'x' });
    await add(openRepo(dir), { targets: ['a[.]txt'] });
    remove('a[.]txt.dvc', '.gitignore');
    expect(await runCommand(['add', 'b.txt', '--cd', dir], { out: () => {}, err: () => {} })).toBe(0);
    expect(git('status', '--porcelain')).toMatch(/^A {2}\.gitignore\nA {2}a\.txt\nA {2}b\.txt\.dvc\n/);
  });

  it.skipIf(process.platform !== 'linux')(
    'refuses names that are not UTF-8 (only Linux has them)',
    async () => {
      mkdirSync(join(dir, 'd'));
      writeFileSync(Buffer.concat([Buffer.from(join(dir, 'd/')), Buffer.of(0xff, 0x41)]), 'x');
      await expect(add(openRepo(dir), { targets: ['d'] })).rejects.toThrow(/not valid UTF-8/);
    },
  );

  it('takes patterns', async () => {
    write(dir, { 'a.x': '1', 'b.x': '2', 'c.y': '3' });
    expect(await add(openRepo(dir), { targets: ['*.x'], glob: true })).toHaveLength(2);
  });

  it('refuses a .dvcignore inside of the target', async () => {
    write(dir, { 'd/.dvcignore': '', 'd/a': '' });
    await expect(add(openRepo(dir), { targets: ['d'] })).rejects.toThrow(
      /\.dvcignore file should not be in collected dir path/,
    );
  });
});

describe('targets', () => {
  beforeEach(async () => {
    write(dir, { 'x/a': 'a', 'x/sub/b': 'b', 'y/c': 'c' });
    await add(openRepo(dir), { targets: ['x/a', 'x/sub', 'y'] });
    await push(openRepo(dir));
    remove('x/a', 'x/sub', 'y', '.dvc/cache');
  });
  const pulled = async (...[targets, options]: [string[], object?]): Promise<string[]> => {
    await pull(openRepo(dir), { targets, ...options });
    return Object.keys(tree(dir)).filter((path) => !/^\.dvc|\.dvc$/.test(path));
  };

  it('may be a folder of pointers with recursive, and not without', async () => {
    expect(await pulled(['x'], { recursive: true })).toEqual(['x/a', 'x/sub/b']);
    await expect(pulled(['.dvc'])).rejects.toThrow(/does not exist as an output/);
  });
  it('may be patterns over pointers', async () => {
    expect(await pulled(['**/*b.dvc'], { glob: true })).toEqual(['x/sub/b']);
  });
  it('may be seen from a folder inside', async () => {
    await pull(openRepo(join(dir, 'x')), { targets: ['a', '../y.dvc'] });
    expect(tree(dir)).toMatchObject({ 'x/a': 'a', 'y/c': 'c' });
  });
  it('may be named twice', async () => {
    expect(await pull(openRepo(dir), { targets: ['y', 'y/c', 'y.dvc'] })).toMatchObject({ added: 1 });
  });
});

describe('flags of an out', () => {
  const pointer = (extra: string, path = 'a.txt'): string =>
    `outs:\n- md5: ${hello}\n  hash: md5\n  path: ${path}\n${extra}`;
  const object = `files/md5/b1/${hello.slice(2)}`;

  it('cache: false is neither pulled nor pushed nor kept, but watched', async () => {
    write(dir, { 'a.txt.dvc': pointer('  cache: false\n') });
    expect(await status(openRepo(dir))).toEqual({
      'a.txt.dvc': [{ 'changed outs': { 'a.txt': 'deleted' } }],
    });
    write(dir, { 'a.txt': 'other' });
    expect(await status(openRepo(dir))).toEqual({
      'a.txt.dvc': [{ 'changed outs': { 'a.txt': 'modified' } }],
    });
    write(dir, { 'a.txt': 'hello\n' });
    expect(await status(openRepo(dir))).toEqual({});
    await add(openRepo(dir), { targets: ['a.txt'] });
    expect(tree(join(dir, '.dvc/cache'))).toEqual({});
    expect(await pull(openRepo(dir))).toMatchObject({ files: 0, outs: [] });
    expect(await push(openRepo(dir))).toMatchObject({ files: 0 });
  });
  it('push: false is pulled, not pushed', async () => {
    write(dir, { 'a.txt.dvc': pointer('  push: false\n'), 'a.txt': 'hello\n' });
    await commit(openRepo(dir));
    expect(await push(openRepo(dir))).toMatchObject({ files: 0 });
    remove('a.txt', '.dvc/cache');
    write(box.dir, { [`remote/${object}`]: 'hello\n' });
    expect(await pull(openRepo(dir))).toMatchObject({ added: 1 });
  });
  it('remote: names where it is, and another -r leaves it out', async () => {
    config(`['remote "other"']\n    url = ../../other\n`);
    write(dir, { 'a.txt.dvc': pointer('  remote: Other\n'), 'a.txt': 'hello\n' });
    await commit(openRepo(dir));
    await push(openRepo(dir), { remote: 'r' });
    expect(tree(join(box.dir, 'remote'))).toEqual({});
    await push(openRepo(dir));
    expect(Object.keys(tree(join(box.dir, 'other')))).toEqual([object]);
    remove('a.txt', '.dvc/cache');
    await expect(pull(openRepo(dir), { remote: 'r' })).rejects.toThrow(/Checkout failed/);
    expect(await pull(openRepo(dir))).toMatchObject({ added: 1 });
  });
  it('isexec makes the file executable for its owner', async () => {
    write(dir, { 'run.sh': '#!/bin/sh\necho hi\n' });
    chmodSync(join(dir, 'run.sh'), 0o755);
    await add(openRepo(dir), { targets: ['run.sh'] });
    expect(read('run.sh.dvc')).toContain('  size: 18\n  isexec: true\n');
    remove('run.sh');
    await checkout(openRepo(dir));
    expect(statSync(join(dir, 'run.sh')).mode & 0o777).toBe(0o766 & ~process.umask());
  });
  it('no md5 at all is a failure that names the out', async () => {
    write(dir, { 'a.txt.dvc': 'outs:\n- hash: md5\n  path: a.txt\n' });
    await expect(pull(openRepo(dir))).rejects.toThrow(/Checkout failed for following targets:\na\.txt/);
    expect(await pull(openRepo(dir), { allowMissing: true })).toMatchObject({ missing: ['a.txt'] });
  });
});

describe('cache.type', () => {
  it.each([
    [
      'hardlink',
      (path: string) =>
        statSync(path).ino === statSync(join(dir, '.dvc/cache/files/md5/b1', hello.slice(2))).ino,
    ],
    ['symlink', (path: string) => readlinkSync(path) === `../.dvc/cache/files/md5/b1/${hello.slice(2)}`],
  ])('%s links the workspace to the cache, on add and on pull', async (type, isLinked) => {
    config(`[cache]\n    type = ${type}\n`);
    write(dir, { 'd/a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['d'] });
    expect(isLinked(join(dir, 'd/a.txt'))).toBe(true);
    await push(openRepo(dir));
    remove('d', '.dvc/cache');
    await pull(openRepo(dir));
    expect(isLinked(join(dir, 'd/a.txt'))).toBe(true);
    expect(statSync(join(dir, 'd/a.txt')).mode & 0o777).toBe(0o444);
    expect(await status(openRepo(dir))).toEqual({});
    config('');
    await checkout(openRepo(dir), { relink: true });
    expect(isLinked.length && lstatSync(join(dir, 'd/a.txt')).nlink).toBe(1);
    expect(lstatSync(join(dir, 'd/a.txt')).isSymbolicLink()).toBe(false);
  });
});
