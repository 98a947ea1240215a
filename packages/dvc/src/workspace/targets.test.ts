import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { add, DvcError, openRepo, pull, status } from '../index.ts';
import { makeRepo, useScratch, write } from '../test/sandbox.ts';
import { collect } from './collect.ts';
import { expandGlobs, selectTargets } from './targets.ts';

let dir: string;
const box = useScratch((folder) => {
  dir = makeRepo(folder);
});

const md5 = 'b1946ac92492d2347c6235b4d2611184';
const pointer = (path: string): string => `outs:\n- md5: ${md5}\n  size: 6\n  hash: md5\n  path: ${path}\n`;

/** What targets select, as paths of outs (with the path inside behind a colon). */
function selected(targets: string[], options: { recursive?: boolean; cwd?: string } = {}): string[] {
  const repo = openRepo(join(dir, options.cwd ?? '.'));
  const { recursive = false } = options;
  return selectTargets(repo, collect(repo), { targets, recursive }).map(({ out, inside }) =>
    inside === undefined ? out.name : `${out.name}:${inside}`,
  );
}

// The oracle is StageLoad.collect_granular and parse_target of DVC 3.64.
describe('targets', () => {
  beforeEach(() =>
    write(dir, {
      'a.dvc': pointer('a'),
      'sub/b.dvc': pointer('b'),
      'sub/dir.dvc': pointer('dir').replace(md5, `${md5}.dir`),
      'dvc.yaml':
        'stages:\n  a: {cmd: x, outs: [made, too]}\n  many: {foreach: [p, q], do: {cmd: x, outs: ["m-${item}"]}}\n',
      'sub/dvc.yaml': 'stages: {s: {cmd: x, outs: [o]}}\n',
      'empty/none': '',
    }),
  );

  it.each([
    [['a'], ['made', 'too']],
    [['./a'], ['a']],
    [['a.dvc'], ['a']],
    [['a.dvc:anything'], ['a']],
    [['made'], ['made']],
    [[':a'], ['made', 'too']],
    [['many@p'], ['m-p']],
    [[':many'], ['m-p', 'm-q']],
    [['sub/dvc.yaml:s'], ['sub/o']],
    [['sub/dvc.yaml'], ['sub/o']],
    [['sub/dir'], ['sub/dir']],
    [
      ['sub/dir/x/y', 'sub/dir/z'],
      ['sub/dir:x/y', 'sub/dir:z'],
    ],
    [['sub/dir/x', 'sub/dir.dvc'], ['sub/dir']],
  ])('%j are %j: a stage comes before an out of the same name', (targets, outs) => {
    expect(selected(targets)).toEqual(outs);
  });

  it('are seen from the working directory, and below a folder with -R', () => {
    expect(selected(['b', '../dvc.yaml:a'], { cwd: 'sub' })).toEqual(['sub/b', 'made', 'too']);
    expect(selected(['sub'], { recursive: true })).toEqual(['sub/b', 'sub/dir', 'sub/o']);
    expect(selected(['empty'], { recursive: true })).toEqual([]);
  });

  it.each([
    ['nosuch', /'nosuch' does not exist as an output or a stage name in 'dvc\.yaml'/],
    ['nosuch.dvc', /^'nosuch\.dvc' does not exist$/],
    ['../up.dvc', /^'\.\.\/up\.dvc' does not exist$/],
    ['dvc.yaml:nosuch', /Stage 'nosuch' not found inside 'dvc\.yaml' file/],
    ['sub/dvc.lock', /^Did you mean: `sub\/dvc\.yaml`\?$/],
    ['sub', /does not exist as an output/],
  ])('%s is refused', (target, message) => {
    write(box.dir, { 'up.dvc': pointer('up') });
    expect(() => selected([target])).toThrow(message);
  });

  it('may not be hidden from DVC or Git; what only a walk would find hidden is left out of it', () => {
    execFileSync('git', ['init', '-q', dir]);
    write(dir, {
      '.dvc/config': '',
      '.dvcignore': 'd.dvc\n',
      '.gitignore': 'g.dvc\n/out/\n',
      '.git/info/exclude': 'e.dvc\n',
      'd.dvc': pointer('d'),
      'g.dvc': pointer('g'),
      'e.dvc': pointer('e'),
      'out/o.dvc': pointer('o'),
    });
    for (const name of ['g', 'e']) expect(() => selected([`${name}.dvc`])).toThrow(/is git-ignored/);
    expect(() => selected(['d.dvc'])).toThrow("'d.dvc' is dvc-ignored.");
    expect(() => selected(['out/o.dvc'])).toThrow(/is git-ignored/);
    const names = collect(openRepo(dir)).outs.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['a', 'sub/b']));
    for (const hidden of ['d', 'g', 'e', 'out/o']) expect(names).not.toContain(hidden);
  });

  it('show the status of just what was named', async () => {
    write(dir, { made: 'x' });
    expect(await status(openRepo(dir), { targets: ['made'] })).toEqual({
      a: [{ 'changed outs': { made: 'modified' } }],
    });
  });
});

describe('patterns', () => {
  // The right-hand sides are what Python's glob.glob(pattern, recursive=True) gave.
  it.each([
    ['*.dvc', ['x.dvc', '{v}.dvc']],
    ['**/*.dvc', ['a/z.dvc', 'x.dvc', '{v}.dvc']],
    ['**/.*', ['.h', '.y.dvc', 'a/.b', '.dvc'].sort()],
    ['{v}.dvc', ['{v}.dvc']],
    ['{x,y}.dvc', []],
    ['+(x).dvc', []],
    ['[!x]*.dvc', ['{v}.dvc']],
    ['[^x]*.dvc', ['x.dvc']],
    ['?.dvc', ['x.dvc']],
    ['a/*', ['a/z.dvc']],
  ])('%s', (pattern, found) => {
    write(dir, { 'x.dvc': '', '.y.dvc': '', 'a/z.dvc': '', 'a/.b/q.dvc': '', '.h/r.dvc': '', '{v}.dvc': '' });
    const repo = openRepo(dir);
    if (found.length > 0) expect(expandGlobs(repo, [pattern])).toEqual(found);
    else expect(() => expandGlobs(repo, [pattern])).toThrow(`Glob ['${pattern}'] has no matches.`);
  });
});

describe('what is collected', () => {
  it.each([
    [
      'an out that .dvcignore hides',
      { '.dvcignore': '*.tmp\n', 'q.dvc': pointer('q.tmp') },
      /ignored by \.dvcignore:1:\*\.tmp/,
    ],
    [
      'a folder that .dvcignore hides',
      { '.dvcignore': 'q/\n', 'q.dvc': pointer('q'), 'q/f': '' },
      /ignored by \.dvcignore:1:q\//,
    ],
    ['a pointer as an out', { 'q.dvc': pointer('r.dvc') }, /DVC file 'r\.dvc' cannot be an output/],
    [
      'a pipeline as an out',
      { 'q.dvc': pointer('x/dvc.yaml') },
      /DVC file 'x\/dvc\.yaml' cannot be an output/,
    ],
  ])('%s is an error, as when DVC loads it', (_, files, message) => {
    write(dir, files);
    expect(() => collect(openRepo(dir))).toThrow(message);
    expect(() => collect(openRepo(dir))).toThrow(DvcError);
  });

  it('a pattern for folders does not hide a file of that name', async () => {
    write(dir, { '.dvcignore': 'q/\n', q: 'hello\n' });
    await add(openRepo(dir), { targets: ['q'] });
    rmSync(join(dir, 'q'));
    expect(await pull(openRepo(dir))).toMatchObject({ added: 1 });
  });
});
