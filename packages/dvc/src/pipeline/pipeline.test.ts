import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DvcError } from '../index.ts';
import { makeRepo, useScratch, write } from '../test/sandbox.ts';
import { pythonFloat } from './interpolate.ts';
import { readPipeline } from './pipeline.ts';

let dir: string;
useScratch((folder) => {
  dir = makeRepo(folder);
});

/** Stage names and their outs' paths. */
function outsOf(files: Record<string, string>): Record<string, string[]> {
  write(dir, files);
  const { stages } = readPipeline(join(dir, 'dvc.yaml'), dir);
  return Object.fromEntries(stages.map((stage) => [stage.name, stage.outs.map((out) => out.name)]));
}

describe('templates', () => {
  it('take values from params.yaml, vars and files, by any path, in paths and flags', () => {
    expect(
      outsOf({
        'params.yaml': 'name: model\nlist: [{a: x}, 2]\n',
        'more.yaml': 'deep: {er: d}\nother: o\n',
        'dvc.yaml': `vars:
  - more.yaml:deep
  - ext: bin
stages:
  s:
    cmd: run \${name} \\\${kept}
    outs:
      - out/\${name}.\${ext}: {cache: false, desc: 'the \${name}'}
      - \${list[0].a}-\${list[1]}-\${ deep.er }
    metrics: [m.json: {cache: false}]
    plots: [p.csv: {x: a, template: linear}]
`,
      }),
    ).toEqual({ s: ['out/model.bin', 'x-2-d', 'm.json', 'p.csv'] });
    const [stage] = readPipeline(join(dir, 'dvc.yaml'), dir).stages;
    expect(stage?.cmd).toBe('run model ${kept}');
    expect(stage?.outs.map((out) => out.cache)).toEqual([false, true, false, true]);
  });

  it('unroll foreach over a list, a mapping, mappings in a list, and matrix', () => {
    const definition = `stages:
  list: {foreach: [a, 1, 1.50, true], do: {cmd: x, outs: ["l-\${item}"]}}
  map: {foreach: {one: {p: x}, two: {p: y}}, do: {cmd: x, outs: ["m-\${key}-\${item.p}"]}}
  deep: {foreach: [{p: x}, {p: y}], do: {cmd: x, outs: ["d-\${item.p}"]}}
  ref: {foreach: "\${files}", do: {cmd: x, outs: ["r-\${item}"]}}
  grid:
    matrix: {lr: [0.1, 1e-5], m: [{n: big}, {n: small}]}
    cmd: x
    outs: ["g-\${item.lr}-\${item.m.n}"]
`;
    expect(outsOf({ 'params.yaml': 'files: [p, q]\n', 'dvc.yaml': definition })).toEqual({
      'list@a': ['l-a'],
      'list@1': ['l-1'],
      'list@1.5': ['l-1.5'],
      'list@true': ['l-true'],
      'map@one': ['m-one-x'],
      'map@two': ['m-two-y'],
      'deep@0': ['d-x'],
      'deep@1': ['d-y'],
      'ref@p': ['r-p'],
      'ref@q': ['r-q'],
      'grid@0.1-m0': ['g-0.1-big'],
      'grid@0.1-m1': ['g-0.1-small'],
      'grid@1e-05-m0': ['g-1e-05-big'],
      'grid@1e-05-m1': ['g-1e-05-small'],
    });
  });

  // The oracle of these is dvc/parsing of DVC 3.64: context.py, interpolate.py and ForeachDefinition.
  it('find list items from the end, forgive spaces in a path, and take key from the context in a list', () => {
    expect(
      outsOf({
        'params.yaml': 'list: [a, {b: [c, d]}]\nkey: mine\nflags: [true, no, 1.0]\n',
        'dvc.yaml': `stages:
  s: {cmd: x, outs: ["\${list[-2]}-\${ list[ -1 ] . b[-1] }-\${list.1.b.0}"]}
  each: {foreach: [p], do: {cmd: x, outs: ["\${key}-\${item}"]}}
  named: {foreach: "\${flags}", do: {cmd: x, outs: ["n-\${item}"]}}
  grid: {matrix: {a: [true, "\${flags[0]}"], b: {p: 1, q: 2}}, cmd: x}
`,
      }),
    ).toEqual({
      s: ['a-d-c'],
      'each@p': ['mine-p'],
      // A reference is named as Python prints it; what it puts into a text is not.
      'named@True': ['n-true'],
      'named@no': ['n-no'],
      'named@1.0': ['n-1.0'],
      'grid@true-p': [],
      'grid@true-q': [],
      'grid@True-p': [],
      'grid@True-q': [],
    });
  });

  it('may be shared by anchors and merge keys', () => {
    const text =
      'vars: [{base: &b {cmd: x}}]\nstages:\n  one: &one\n    cmd: a\n    outs: [o]\n  two:\n    <<: *one\n    outs: [p]\n';
    expect(outsOf({ 'dvc.yaml': text })).toEqual({ one: ['o'], two: ['p'] });
  });

  it('load a file once, however often it is named, and of any name', () => {
    expect(
      outsOf({
        'params.yaml': 'p: 1\n',
        settings: 'q: 2\n',
        'dvc.yaml':
          'vars: [params.yaml, settings]\nstages:\n  s: {vars: [params.yaml, settings, {r: 3}], cmd: x, outs: ["${p}${q}${r}"]}\n',
      }),
    ).toEqual({ s: ['123'] });
  });

  it.each([
    [{}, "x --n 5 --f 1.0 --t --s 'a b' --e '' --l 1 True 'c d' --d.k v --none None"],
    [
      { bool: 'boolean_optional', list: 'append' },
      "x --n 5 --f 1.0 --t --no-u --s 'a b' --e '' --l 1 --l True --l 'c d' --d.k v --none None",
    ],
  ])('put mappings into a command as options, in the style of %j', (style, cmd) => {
    write(dir, {
      'params.yaml':
        'm: {n: 5, f: 1.0, t: true, u: false, s: a b, e: "", l: [1, true, c d], o: [], d: {k: v}, none: ~}\n',
      'dvc.yaml': 'stages: {s: {cmd: "x ${m}"}}\n',
    });
    expect(readPipeline(join(dir, 'dvc.yaml'), dir, style).stages[0]?.cmd).toBe(cmd);
  });

  it('see wdir, its own vars and paths from it', () => {
    expect(
      outsOf({
        'sub/v.yaml': 'x: inner\n',
        'dvc.yaml':
          'vars: [{where: sub}]\nstages:\n  s:\n    wdir: ${where}\n    vars: [v.yaml]\n    cmd: c\n    outs: ["${x}.txt", ../up.txt]\n',
      }),
    ).toEqual({ s: ['sub/inner.txt', 'up.txt'] });
  });

  it.each([
    ['a name nobody set', 'stages: {s: {cmd: x, outs: ["${nope}"]}}', /could not find 'nope'/],
    ['a mapping in a path', 'vars: [{m: {a: 1}}]\nstages: {s: {cmd: x, outs: ["a${m}"]}}', /type 'dict'/],
    ['a value set twice', 'vars: [{m: 1}, {m: 2}]\nstages: {}', /cannot redefine 'm'/],
    ['an unknown key', 'stages: {s: {cmd: x, evil: 1}}', /extra keys not allowed, in stages -> s -> evil/],
    [
      'an unknown flag',
      'stages: {s: {cmd: x, outs: [a: {evil: 1}]}}',
      /extra keys not allowed, in a -> evil/,
    ],
    ['an out that leads out', 'stages: {s: {cmd: x, outs: [../../up]}}', /outside of the repository/],
    ['a list where a path belongs', 'vars: [{l: [a]}]\nstages: {s: {cmd: x, outs: ["${l}"]}}', /type 'list'/],
    ['a path that is none', 'stages: {s: {cmd: x, outs: ["${a]}"]}}', /cannot read '\$\{a\]\}'/],
    [
      'a stage that does nothing',
      'stages: {s: {outs: [a]}}',
      /required key not provided, in stages -> s -> cmd/,
    ],
    ['a foreach with more', 'stages: {s: {foreach: [a], do: {cmd: x}, outs: [b]}}', /in stages -> s -> outs/],
    ['an unknown key in do', 'stages: {s: {foreach: [a], do: {cmd: x, evil: 1}}}', /s -> do -> evil/],
    ['a flag of another kind', 'stages: {s: {cmd: x, outs: [a: {cache: "no"}]}}', /expected boolean/],
    ['a reference in vars', 'vars: [{a: {b: "x${c}"}}]\nstages: {}', /interpolating is not allowed/],
    ['a part of what is loaded', 'vars: [params.yaml:a]\nstages: {}', /cannot partially load/],
    ['params in TOML', 'vars: [p.toml]\nstages: {}', /not read here/],
    ['params in Python', 'vars: [p.py]\nstages: {}', /not read here/],
    ['broken YAML', 'stages: [', /not valid YAML/],
  ])('refuse %s', (_, text, message) => {
    write(dir, { 'dvc.yaml': text, 'p.toml': '', 'p.py': '', 'params.yaml': 'b: 1\n' });
    expect(() => readPipeline(join(dir, 'dvc.yaml'), dir)).toThrow(message);
    expect(() => readPipeline(join(dir, 'dvc.yaml'), dir)).toThrow(DvcError);
  });

  it('print floats as Python does', () => {
    const written = [1, 0.1, 1e-5, 1.5e-7, 1e16, 123456789012345.6, -0.001, 1e22].map(pythonFloat);
    expect(written).toEqual([
      '1.0',
      '0.1',
      '1e-05',
      '1.5e-07',
      '1e+16',
      '123456789012345.6',
      '-0.001',
      '1e+22',
    ]);
  });
});

it.each(['dvc.yaml', 'dvc.lock', 'params.yaml'])('%s must be UTF-8', (name) => {
  write(dir, { 'dvc.yaml': 'stages: {}', 'dvc.lock': "schema: '2.0'\n" });
  write(dir, { [name]: Buffer.from('# \xff\n', 'latin1') });
  expect(() => readPipeline(join(dir, 'dvc.yaml'), dir)).toThrow(`${name}' is not valid in 'utf-8' encoding`);
});
