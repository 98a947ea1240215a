import { cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { add, openRepo, pull, push, status } from './index.ts';
import { hasGolden, makeRepo, needsGolden, tree, unpackGolden, useScratch, write } from './test/sandbox.ts';

const box = useScratch();

const tracked = [
  'emptyonly',
  'tree',
  'models/bin.dat',
  'models/crlf.txt',
  'models/empty.bin',
  'models/hello.txt',
  'models/run.sh',
];

describe(`files that DVC 3.64 wrote${needsGolden}`, () => {
  it.skipIf(!hasGolden)('pulls its remote to the same tree', async () => {
    const golden = unpackGolden(box.dir);
    const before = tree(golden.repo);
    for (const path of ['emptyonly', 'tree']) rmSync(join(golden.repo, path), { recursive: true });
    for (const name of readdirSync(join(golden.repo, 'models')))
      if (!/\.dvc$|^\.gitignore$/.test(name)) rmSync(join(golden.repo, 'models', name), { recursive: true });
    const result = await pull(openRepo(golden.repo));
    expect(result).toMatchObject({ files: 23, added: 25, modified: 0, deleted: 0 });
    expect(tree(join(golden.repo, '.dvc', 'cache'))).toEqual(tree(golden.cache));
    rmSync(join(golden.repo, '.dvc', 'cache'), { recursive: true });
    expect(tree(golden.repo)).toEqual(before);
    expect(statSync(join(golden.repo, 'models', 'run.sh')).mode & 0o777).toBe(0o744);
    expect(statSync(join(golden.repo, 'emptyonly')).isDirectory()).toBe(true);
  });

  it.skipIf(!hasGolden)('adds its tree to the same pointers, objects and remote', async () => {
    const golden = unpackGolden(box.dir);
    const dir = makeRepo(box.dir, 'mine');
    write(dir, {
      '.git': undefined,
      '.dvc/config': '[core]\n  remote = r\n[\'remote "r"\']\n  url = ../../remote',
    });
    for (const path of ['emptyonly', 'tree', 'models'])
      cpSync(join(golden.repo, path), join(dir, path), { recursive: true });
    const odd = readdirSync(join(golden.repo, 'models')).filter(
      (name) => /^(with|ü)/.test(name) && !name.endsWith('.dvc'),
    );
    for (const name of readdirSync(join(dir, 'models')))
      if (/\.dvc$|^\.gitignore$/.test(name)) rmSync(join(dir, 'models', name));
    await add(openRepo(dir), { targets: [...tracked, ...odd.map((name) => `models/${name}`)] });
    for (const path of [...tracked, ...odd.map((name) => `models/${name}`)])
      expect(readFileSync(join(dir, `${path}.dvc`), 'utf8')).toBe(
        readFileSync(join(golden.repo, `${path}.dvc`), 'utf8'),
      );
    const lines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').sort();
    expect(lines(join(dir, '.gitignore'))).toEqual(lines(join(golden.repo, '.gitignore')));
    expect(lines(join(dir, 'models/.gitignore'))).toEqual(lines(join(golden.repo, 'models/.gitignore')));
    expect(tree(join(dir, '.dvc', 'cache'))).toEqual(tree(golden.cache));
    expect(await push(openRepo(dir))).toMatchObject({ files: 23 });
    expect(tree(join(box.dir, 'remote'))).toEqual(tree(golden.remote));
    expect(await status(openRepo(dir))).toEqual({});
  });
});
