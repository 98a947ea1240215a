import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { add, commit, fetch, openRepo, pull, push, status } from './index.ts';
import { filesIn, hello, makeRepo, useScratch, write } from './test/sandbox.ts';

let dir: string;
const box = useScratch((folder) => {
  dir = makeRepo(folder);
});

const { read, remove } = filesIn(() => dir);

describe('what is not supported is refused by name, with what to do instead', () => {
  const url = (text: string): void =>
    write(dir, { '.dvc/config': `[core]\n    remote = r\n['remote "r"']\n    url = ${text}\n` });

  it.each([
    ['ssh://host/x'],
    ['gs://b/x'],
    ['azure://c/x'],
    ['https://host/x'],
    ['webdavs://host/x'],
    ['gdrive://id'],
  ])('a remote at %s', async (text) => {
    write(dir, { 'a.txt.dvc': `outs:\n- md5: ${hello}\n  hash: md5\n  path: a.txt\n` });
    url(text);
    const failed = pull(openRepo(dir));
    await expect(failed).rejects.toThrow(`remote 'r' is ${text.split(':')[0]}://, which is not supported`);
    await expect(failed).rejects.toMatchObject({ hint: expect.stringMatching(/./) });
  });

  it('an import from another repository, the rest being pulled', async () => {
    write(dir, { 'a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['a.txt'] });
    await push(openRepo(dir));
    remove('a.txt', '.dvc/cache');
    write(dir, {
      'i.dvc': `md5: ${hello}\nfrozen: true\ndeps:\n- path: x\n  repo:\n    url: https://host/r\n    rev_lock: abc\nouts:\n- md5: ${'0'.repeat(31)}1\n  hash: md5\n  path: i\n`,
    });
    await expect(pull(openRepo(dir))).rejects.toThrow(
      /i \(i\.dvc\): imported from another repository, which is not supported/,
    );
    expect(read('a.txt')).toBe('hello\n');
    await expect(fetch(openRepo(dir), { targets: ['i.dvc'] })).rejects.toMatchObject({
      file: join(dir, 'i.dvc'),
    });
    await expect(commit(openRepo(dir), { targets: ['i.dvc'] })).rejects.toThrow(/is an import/);
  });

  it('an import from a url is pulled from the remote; one never downloaded is refused', async () => {
    const dep = 'frozen: true\ndeps:\n- etag: abc\n  size: 6\n  hash: md5\n  path: s3://b/a.txt\n';
    write(dir, {
      'a.txt': 'hello\n',
      'a.txt.dvc': `md5: ${hello}\n${dep}outs:\n- md5: ${hello}\n  size: 6\n  hash: md5\n  path: a.txt\n`,
    });
    write(box.dir, { [`remote/files/md5/b1/${hello.slice(2)}`]: 'hello\n' });
    remove('a.txt');
    expect(await pull(openRepo(dir))).toMatchObject({ added: 1 });
    write(dir, { c: 'c', 'c.dvc': 'outs:\n- path: c\n' });
    expect(await commit(openRepo(dir))).toEqual([join(dir, 'c.dvc')]);
    // The checksum above is none: DVC says so too, and only that.
    expect(await status(openRepo(dir))).toEqual({ 'a.txt.dvc': ['changed checksum'] });
    write(dir, { 'a.txt': 'changed', c: 'd' });
    await expect(commit(openRepo(dir))).rejects.toThrow(/a\.txt\.dvc' is an import whose data was changed/);
    expect(await status(openRepo(dir), { targets: ['c'] })).toEqual({});
    remove('a.txt');
    write(dir, { 'b.dvc': `${dep}outs:\n- hash: md5\n  path: b\n` });
    await expect(pull(openRepo(dir))).rejects.toThrow(
      /b \(b\.dvc\): imported from a url and not downloaded yet/,
    );
  });

  it.each(['version_aware', 'worktree'])('a push to a remote with %s', async (key) => {
    write(dir, { 'a.txt': 'hello\n' });
    await add(openRepo(dir), { targets: ['a.txt'] });
    write(dir, {
      '.dvc/config': `[core]\n    remote = r\n['remote "r"']\n    url = s3://b/x\n    ${key} = true\n`,
    });
    await expect(push(openRepo(dir))).rejects.toThrow(
      /version-aware: it can be pulled from, but not pushed to/,
    );
  });
});
