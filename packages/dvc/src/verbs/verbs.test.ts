import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  add,
  CheckoutFailed,
  DvcError,
  openRepo,
  pull,
  push,
  status,
  TransferFailed,
  UnsavedFiles,
} from '../index.ts';
import { encodeDirectory } from '../objects/directory.ts';
import { hello, makeRepo, tree, useScratch, write } from '../test/sandbox.ts';

let dir: string;
const box = useScratch((folder) => {
  dir = makeRepo(folder);
});

const forget = (): void => {
  rmSync(join(dir, '.dvc', 'cache'), { recursive: true, force: true });
};
const object = (oid: string): string =>
  join(box.dir, 'remote', 'files', 'md5', oid.slice(0, 2), oid.slice(2));

describe('add', () => {
  it('writes a pointer beside the target', async () => {
    write(dir, { 'hello.txt': 'hello\n' });
    const [added] = await add(openRepo(dir), { targets: ['hello.txt'] });
    expect(added).toMatchObject({ oid: hello, files: 1, sizeBytes: 6, changed: true });
    expect(readFileSync(join(dir, 'hello.txt.dvc'), 'utf8')).toBe(
      `outs:\n- md5: ${hello}\n  size: 6\n  hash: md5\n  path: hello.txt\n`,
    );
    expect((await add(openRepo(dir), { targets: ['hello.txt'] }))[0]).toMatchObject({ changed: false });
  });

  it('writes a pointer elsewhere, and finds it again when the data has changed', async () => {
    write(dir, { 'models/spam/model/a': 'a', '.git': undefined, 'dvc/.keep': '' });
    write(dir, { '.dvc/config': '' });
    const file = join(dir, 'dvc/spam.dvc');
    const [added] = await add(openRepo(dir), { targets: ['models/spam/model'], file: 'dvc/spam.dvc' });
    expect(added?.gitignore).toBe(join(dir, 'models/spam/.gitignore'));
    expect(readFileSync(join(dir, 'models/spam/.gitignore'), 'utf8')).toBe('/model\n');
    expect(readFileSync(file, 'utf8')).toMatch(
      /^wdir: \.\.\/models\/spam\nouts:\n- md5: [0-9a-f]{32}\.dir\n {2}size: 1\n {2}nfiles: 1\n {2}hash: md5\n {2}path: model\n$/,
    );
    write(dir, { 'models/spam/model/b': 'b' });
    await add(openRepo(dir), { targets: ['models/spam/model'] });
    expect(readFileSync(file, 'utf8')).toContain('nfiles: 2');
    expect(existsSync(join(dir, 'models/spam/model.dvc'))).toBe(false);
  });

  it('keeps the comments, order and own keys of a pointer it updates', async () => {
    write(dir, {
      'a.txt': 'hello\n',
      'a.txt.dvc': `# ours\ndesc: "why"  # kept\nouts:\n  - path: a.txt\n    size: 1   # bytes\n    md5: ${'0'.repeat(32)}\n    push: true\n    meta: {by: me}\n`,
    });
    await add(openRepo(dir), { targets: ['a.txt'] });
    expect(readFileSync(join(dir, 'a.txt.dvc'), 'utf8')).toBe(
      `# ours\ndesc: why    # kept\nouts:\n- path: a.txt\n  size: 6     # bytes\n  md5: ${hello}\n  meta: {by: me}\n  hash: md5\n`,
    );
  });

  it.each([
    ['gone.txt', /does not exist/],
    ['../outside', /outside of DVC project/],
    ['.dvc/config', /inside \.git or \.dvc/],
    ['skipped.tmp', /ignored by \.dvcignore:1:\*\.tmp/],
    ['x.dvc', /DVC file 'x\.dvc' cannot be an output/],
    ['d', /overlapping with other DVC tracked output: 'd\/inner'/],
    ['.', /outside of DVC project/],
  ])('refuses %s and writes nothing', async (target, message) => {
    write(dir, {
      '.dvcignore': '*.tmp\n',
      'skipped.tmp': '',
      'x.dvc': '',
      'd/inner': '',
      'd/inner.dvc': `outs:\n- md5: ${hello}\n  hash: md5\n  path: inner\n`,
    });
    write(box.dir, { outside: '' });
    const before = tree(dir);
    await expect(add(openRepo(dir), { targets: [target] })).rejects.toThrow(message);
    expect(tree(dir)).toEqual(before);
  });

  it('leaves out what .dvcignore names and what is itself a repository', async () => {
    write(dir, {
      '.dvcignore': '*.tmp\n/u/build/\n!keep.tmp\nfoo/**/bar\nu/only/\n',
      ...Object.fromEntries(
        [
          '.gitignore',
          '.hidden',
          'a.tmp',
          'build/x',
          'x/build/b',
          'c',
          'foo/x/bar',
          'foo/x/baz',
          'keep.tmp',
          'only/z',
          'nested/.dvc/config',
          'nested/n',
        ].map((name) => [`u/${name}`, name]),
      ),
    });
    const [added] = await add(openRepo(dir), { targets: ['u'] });
    const listed = readFileSync(
      join(dir, '.dvc/cache/files/md5', added!.oid.slice(0, 2), added!.oid.slice(2)),
      'utf8',
    );
    expect([...listed.matchAll(/"relpath": "([^"]*)"/g)].map((match) => match[1])).toEqual([
      '.gitignore',
      '.hidden',
      'c',
      'foo/x/bar',
      'foo/x/baz',
      'keep.tmp',
      'x/build/b',
    ]);
  });
});

describe('push and pull', () => {
  it('carry a tree to a folder and back', async () => {
    const files = { 'data/a': 'a', 'data/b/c': 'c', 'data/dup': 'a', 'data/empty': '' };
    write(dir, files);
    await add(openRepo(dir), { targets: ['data'] });
    expect(await push(openRepo(dir))).toMatchObject({ files: 4, sizeBytes: 2 + 252 });
    expect(await push(openRepo(dir))).toMatchObject({ files: 0, sizeBytes: 0 });
    const before = tree(join(dir, 'data'));
    rmSync(join(dir, 'data'), { recursive: true });
    forget();
    const result = await pull(openRepo(dir));
    expect(result).toMatchObject({ files: 4, added: 4, outs: [{ path: 'data/', change: 'added' }] });
    expect(tree(join(dir, 'data'))).toEqual(before);
    expect(await pull(openRepo(dir))).toMatchObject({ files: 0, added: 0, digest: result.digest });
  });

  it('pull one path in a tracked directory and leave the rest alone', async () => {
    write(dir, { 'data/a': 'a', 'data/b/c': 'c', 'data/b/d': 'd' });
    await add(openRepo(dir), { targets: ['data'] });
    await push(openRepo(dir));
    forget();
    rmSync(join(dir, 'data'), { recursive: true });
    write(dir, { 'data/extra': 'mine' });
    expect(await pull(openRepo(dir), { targets: ['data/b'] })).toMatchObject({ files: 3, added: 2 });
    expect(tree(join(dir, 'data'))).toEqual({ 'b/c': 'c', 'b/d': 'd', extra: 'mine' });
  });

  it('name a corrupt object and write nothing of it', async () => {
    write(dir, { 'data/a': 'a', 'data/b': 'hello\n', other: 'x' });
    await add(openRepo(dir), { targets: ['data', 'other'] });
    await push(openRepo(dir));
    forget();
    rmSync(join(dir, 'data'), { recursive: true });
    rmSync(join(dir, 'other'));
    chmodSync(object(hello), 0o644);
    writeFileSync(object(hello), 'hellO\n');
    const failed = pull(openRepo(dir));
    await expect(failed).rejects.toThrow(TransferFailed);
    await expect(failed).rejects.toThrow(
      new RegExp(`data: object ${hello} is corrupt: .*/remote/files/md5/b1/`),
    );
    expect(existsSync(join(dir, 'data'))).toBe(false);
    expect(existsSync(join(dir, 'other'))).toBe(false);
    expect(Object.values(tree(join(dir, '.dvc')))).not.toContain('hellO\n');
  });

  it('do not believe the cache either: a corrupt object there is put aside and fetched anew', async () => {
    write(dir, { 'a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['a.txt'] });
    await push(openRepo(dir));
    rmSync(join(dir, 'a.txt'));
    const cached = join(dir, '.dvc/cache/files/md5/b1/946ac92492d2347c6235b4d2611184');
    chmodSync(cached, 0o644);
    writeFileSync(cached, 'hellO\n');
    chmodSync(cached, 0o444);
    const lines: string[] = [];
    await pull(openRepo(dir), { log: (line) => lines.push(line) });
    expect(readFileSync(join(dir, 'a.txt'), 'utf8')).toBe('hello\n');
    expect(readFileSync(cached, 'utf8')).toBe('hello\n');
    expect(lines.join()).toContain(`object ${hello} was corrupt in the cache`);
  });

  it('check out the rest when one object is nowhere, and fail', async () => {
    write(dir, { 'a.txt': 'hello\n', 'b.txt': 'b' });
    await add(openRepo(dir), { targets: ['a.txt', 'b.txt'] });
    await push(openRepo(dir));
    forget();
    for (const name of ['a.txt', 'b.txt']) rmSync(join(dir, name));
    rmSync(object(hello));
    await expect(pull(openRepo(dir))).rejects.toThrow(CheckoutFailed);
    expect(readFileSync(join(dir, 'b.txt'), 'utf8')).toBe('b');
    expect(existsSync(join(dir, 'a.txt'))).toBe(false);
  });

  it('check out nothing when a directory lacks a member', async () => {
    write(dir, { 'd/a': 'hello\n', 'b.txt': 'b' });
    await add(openRepo(dir), { targets: ['d', 'b.txt'] });
    await push(openRepo(dir));
    forget();
    rmSync(join(dir, 'd'), { recursive: true });
    rmSync(join(dir, 'b.txt'));
    rmSync(object(hello));
    await expect(pull(openRepo(dir))).rejects.toThrow(TransferFailed);
    expect(existsSync(join(dir, 'b.txt'))).toBe(false);
  });

  it('never overwrite or delete what is kept nowhere else, unless forced', async () => {
    write(dir, { 'd/a': 'a', 'd/b': 'b' });
    await add(openRepo(dir), { targets: ['d'] });
    await push(openRepo(dir));
    write(dir, { 'd/a': 'mine', 'd/extra': 'mine too' });
    const before = tree(join(dir, 'd'));
    await expect(pull(openRepo(dir))).rejects.toThrow(UnsavedFiles);
    expect(tree(join(dir, 'd'))).toEqual(before);
    expect(await status(openRepo(dir))).toEqual({ 'd.dvc': [{ 'changed outs': { d: 'modified' } }] });
    expect(await pull(openRepo(dir), { force: true })).toMatchObject({ modified: 1, deleted: 1 });
    expect(tree(join(dir, 'd'))).toEqual({ a: 'a', b: 'b' });
  });

  it('never overwrite an ignored file that stands where a tracked one belongs, unless forced', async () => {
    write(dir, { 'd/a.tmp': 'a', 'd/b': 'b' });
    await add(openRepo(dir), { targets: ['d'] });
    write(dir, { '.dvcignore': '*.tmp\n', 'd/a.tmp': 'mine' });
    await expect(pull(openRepo(dir))).rejects.toThrow(UnsavedFiles);
    expect(readFileSync(join(dir, 'd/a.tmp'), 'utf8')).toBe('mine');
    await pull(openRepo(dir), { force: true });
    expect(readFileSync(join(dir, 'd/a.tmp'), 'utf8')).toBe('a');
    expect(await pull(openRepo(dir))).toMatchObject({ added: 0, modified: 0 });
  });

  it('replace a modified file without asking when its bytes are in the cache', async () => {
    write(dir, { 'a.txt': 'hello\n', 'b.txt': 'b' });
    await add(openRepo(dir), { targets: ['a.txt', 'b.txt'] });
    write(dir, { 'a.txt': 'b' });
    await pull(openRepo(dir));
    expect(readFileSync(join(dir, 'a.txt'), 'utf8')).toBe('hello\n');
  });

  it('see a change that keeps size and modification time', async () => {
    write(dir, { 'a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['a.txt'] });
    const past = new Date(Date.now() - 60_000);
    utimesSync(join(dir, 'a.txt'), past, past);
    await status(openRepo(dir));
    writeFileSync(join(dir, 'a.txt'), 'hellO\n');
    utimesSync(join(dir, 'a.txt'), past, past);
    expect(await status(openRepo(dir))).toEqual({
      'a.txt.dvc': [{ 'changed outs': { 'a.txt': 'modified' } }],
    });
  });
});

describe('a hostile pointer', () => {
  const pointer = (path: string, md5 = hello): string =>
    `outs:\n- md5: ${md5}\n  hash: md5\n  path: ${path}\n`;

  it.each([
    ['an absolute path', pointer('/etc/target')],
    ['a path that leads out', pointer('../outside')],
    ["a path into Git's own folder", pointer('.git/hooks/post-checkout')],
    ["a path into DVC's own folder", pointer('.DVC/config')],
    ['an md5 that is a path', pointer('a', '../../x')],
    ['an unknown key', `${pointer('a')}  evil: 1\n`],
    ['a wdir that leads out', `wdir: ..\n${pointer('a')}`],
  ])('with %s is refused by name', async (_, text) => {
    write(dir, { 'x.dvc': text });
    await expect(pull(openRepo(dir))).rejects.toThrow(DvcError);
    await expect(pull(openRepo(dir))).rejects.toMatchObject({ file: join(dir, 'x.dvc') });
  });

  it.each([['.git/config'], ['sub/.GIT/hooks/x'], ['.dvc/config'], ['GIT~1/config']])(
    'whose directory lists %s is refused',
    async (relpath) => {
      const { oid, bytes } = encodeDirectory([{ oid: hello, relpath }]);
      write(box.dir, {
        [`remote/files/md5/${oid.slice(0, 2)}/${oid.slice(2)}`]: bytes,
        [`remote/files/md5/b1/${hello.slice(2)}`]: 'hello\n',
      });
      write(dir, { 'x.dvc': pointer('d', oid) });
      await expect(pull(openRepo(dir))).rejects.toThrow(/would be written into \.git or \.dvc/);
      expect(existsSync(join(dir, 'd'))).toBe(false);
    },
  );

  it('cannot make a link in a tracked directory, or the directory itself, lead the data elsewhere', async () => {
    const elsewhere = join(box.dir, 'elsewhere');
    write(dir, { 'd/sub/a': 'hello\n', 'd/b': 'b' });
    await add(openRepo(dir), { targets: ['d'] });
    await push(openRepo(dir));
    for (const [link, path] of [
      ['d/sub', 'd/sub'],
      ['d', 'd'],
    ] as const) {
      rmSync(join(dir, path), { recursive: true });
      mkdirSync(elsewhere, { recursive: true });
      symlinkSync(elsewhere, join(dir, link));
      await expect(pull(openRepo(dir))).rejects.toThrow(UnsavedFiles);
      await expect(pull(openRepo(dir), { targets: ['d/sub'] })).rejects.toThrow(UnsavedFiles);
      await pull(openRepo(dir), { force: true });
      expect(tree(elsewhere)).toEqual({});
      expect(tree(join(dir, 'd'))).toEqual({ 'sub/a': 'hello\n', b: 'b' });
    }
  });

  it('cannot write through a link that leads out of the repository', async () => {
    write(dir, { 'sub/a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['sub/a.txt'] });
    await push(openRepo(dir));
    mkdirSync(join(box.dir, 'elsewhere'));
    write(dir, { 'x.dvc': pointer('link/a.txt') });
    symlinkSync(join(box.dir, 'elsewhere'), join(dir, 'link'));
    await expect(pull(openRepo(dir), { targets: ['x.dvc'] })).rejects.toThrow(/link that leads out/);
    expect(tree(join(box.dir, 'elsewhere'))).toEqual({});
  });
});
