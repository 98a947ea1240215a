import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { add, CheckoutFailed, commit, openRepo, pull, push, status } from '../index.ts';
import { hasGolden, makeRepo, needsGolden, tree, unpackGolden, useScratch, write } from '../test/sandbox.ts';
import { readPipeline } from './pipeline.ts';

let dir: string;
const box = useScratch((folder) => {
  dir = makeRepo(folder);
});

describe('lock files', () => {
  it('are refused without schema 2.0', () => {
    write(dir, { 'dvc.yaml': 'stages: {}', 'dvc.lock': 'train: {cmd: x}\n' });
    expect(() => readPipeline(join(dir, 'dvc.yaml'), dir)).toThrow(/schema is not '2\.0'/);
  });

  it('get a stage by commit, and the stage is then clean, pushed and pulled', async () => {
    write(dir, {
      'params.yaml': 'b: {x: 1.0, y: [1, two]}\na: 1e-3\n',
      'dvc.yaml':
        'stages:\n  s:\n    cmd: make it\n    deps: [in.txt]\n    params: [b, a]\n    outs: [out.txt, dir]\n',
      'in.txt': 'in',
      'out.txt': 'hello\n',
      'dir/a': 'a',
    });
    expect(await status(openRepo(dir))).toEqual({
      s: [
        // What was never locked is "modified" in DVC as well: Output.workspace_status asks for the hash first.
        { 'changed deps': { 'in.txt': 'modified', 'params.yaml': 'new' } },
        { 'changed outs': { 'out.txt': 'modified', dir: 'modified' } },
      ],
    });
    await commit(openRepo(dir));
    expect(readFileSync(join(dir, 'dvc.lock'), 'utf8')).toBe(`schema: '2.0'
stages:
  s:
    cmd: make it
    deps:
    - path: in.txt
      hash: md5
      md5: 13b5bfe96f3e2fe411c9f66f4a582adf
      size: 2
    params:
      params.yaml:
        a: 0.001
        b:
          x: 1.0
          y:
          - 1
          - two
    outs:
    - path: dir
      hash: md5
      md5: 580614454446a0c6c4af2f3dae1f8d2b.dir
      size: 1
      nfiles: 1
    - path: out.txt
      hash: md5
      md5: b1946ac92492d2347c6235b4d2611184
      size: 6
`);
    expect(await status(openRepo(dir))).toEqual({});
    expect(await commit(openRepo(dir))).toEqual([]);
    await push(openRepo(dir));
    for (const path of ['out.txt', 'dir', '.dvc/cache']) rmSync(join(dir, path), { recursive: true });
    expect(await pull(openRepo(dir), { targets: ['s'] })).toMatchObject({ added: 2 });
    write(dir, { 'params.yaml': 'b: {x: 1.0, y: [1, two]}\na: 2\n', 'in.txt': 'changed' });
    write(dir, { 'dvc.yaml': readFileSync(join(dir, 'dvc.yaml'), 'utf8').replace('make it', 'make that') });
    expect(await status(openRepo(dir))).toEqual({
      s: [{ 'changed deps': { 'in.txt': 'modified', 'params.yaml': { a: 'modified' } } }, 'changed command'],
    });
  });

  it('hold parameters as Python writes them, and see no change where there is none', async () => {
    // What ruamel.yaml 0.18 made of each value that it had read.
    const values = [
      ['2020-01-01', '2020-01-01'],
      ["'2020-01-01'", "'2020-01-01'"],
      ['2020-01-01T1:00:00Z', '2020-01-01 01:00:00+00:00'],
      ['2001-12-14 21:59:43.10 -5', '2001-12-14 21:59:43.100000-05:00'],
      ['1_000', '1000'],
      ['12345678901234567890123', '12345678901234567890123'],
      ['0xFFFFFFFFFFFFFFFFFF', '4722366482869645213695'],
      ['0b11', '3'],
      ['017', '17'],
      ['+5', '5'],
      ['-0.0', '-0.0'],
      ['1e3', '1000.0'],
      ['1.0e-7', '1e-07'],
      ['1e400', '.inf'],
      ['.NaN', '.nan'],
      ["''", "''"],
      ['~', ''],
      ['True', 'true'],
      ['{}', '{}'],
    ];
    write(dir, {
      'params.yaml': `${values.map(([text], at) => `k${String(at).padStart(2, '0')}: ${text}\n`).join('')}m: {5: x, 0x10: y, '7': z}\n`,
      'dvc.yaml': 'stages: {s: {cmd: x, params: [params.yaml: ]}}\n',
    });
    await commit(openRepo(dir));
    const lock = readFileSync(join(dir, 'dvc.lock'), 'utf8');
    expect([...lock.matchAll(/k\d\d: ?(.*)\n/g)].map(([, text]) => text)).toEqual(
      values.map(([, text]) => text),
    );
    expect(lock).toContain("        m:\n          5: x\n          16: y\n          '7': z\n");
    expect(await status(openRepo(dir))).toEqual({});
  });

  it('spell and order paths as dvc.yaml does, by code point', async () => {
    write(dir, {
      'dvc.yaml': 'stages:\n  s: {cmd: x, deps: [./in], outs: ["./b/", a, "\ud83d\ude00", "\uff46"]}\n',
      in: 'in',
      'b/f': '',
      a: '',
      '\ud83d\ude00': '',
      '\uff46': '',
    });
    await commit(openRepo(dir));
    const lock = readFileSync(join(dir, 'dvc.lock'), 'utf8');
    expect([...lock.matchAll(/path: (.*)/g)].map(([, path]) => path)).toEqual([
      './in',
      './b/',
      'a',
      '\uff46',
      '\ud83d\ude00',
    ]);
    expect(await status(openRepo(dir))).toEqual({});
  });

  it('show what a stage is due for in the order of DVC; a stage without outs is committed too', async () => {
    write(dir, {
      'dvc.yaml':
        'stages:\n  effect: {cmd: say}\n  check: {cmd: c, deps: [in], params: [{p.json: }], always_changed: true}\n',
      in: 'in',
      'p.json': '{"a": {"x": 1, "y": 2}, "b": 1}',
    });
    await commit(openRepo(dir));
    expect(await status(openRepo(dir))).toEqual({ effect: ['always changed'], check: ['always changed'] });
    write(dir, {
      'dvc.yaml': readFileSync(join(dir, 'dvc.yaml'), 'utf8').replace('cmd: c', 'cmd: d'),
      in: 'changed',
      'p.json': '{"a": {"y": 2, "x": 1}, "c": 1}',
    });
    expect(await status(openRepo(dir), { targets: ['check'] })).toEqual({
      check: [
        { 'changed deps': { in: 'modified', 'p.json': { b: 'deleted', c: 'new' } } },
        'always changed',
        'changed command',
      ],
    });
  });

  it('stay as they are when only data is committed', async () => {
    write(dir, { 'dvc.yaml': 'stages: {s: {cmd: x}}', d: 'd', 'd.dvc': 'outs:\n- path: d\n' });
    expect(await commit(openRepo(dir), { dataOnly: true })).toEqual([join(dir, 'd.dvc')]);
    expect(await commit(openRepo(dir))).toEqual([join(dir, 'dvc.lock')]);
  });

  it('may not be what add changes', async () => {
    write(dir, { 'dvc.yaml': 'stages: {s: {cmd: x, outs: [out.txt]}}', 'out.txt': 'x' });
    await expect(add(openRepo(dir), { targets: ['out.txt'] })).rejects.toThrow(
      /overlaps with an output of stage: 's' in 'dvc\.yaml'/,
    );
  });
});

describe(`a pipeline that DVC 3.64 ran${needsGolden}`, () => {
  const config = '[core]\n    remote = r\n    no_scm = true\n[\'remote "r"\']\n    url = ../g7-r\n';

  it.skipIf(!hasGolden)('pulls what its remote has, and names the two outs it has not', async () => {
    const { pipeline } = unpackGolden(box.dir);
    write(pipeline, { '.dvc/config': config });
    const failed = pull(openRepo(pipeline));
    await expect(failed).rejects.toThrow(CheckoutFailed);
    await expect(failed).rejects.toThrow(/targets:\nnopush\.txt\nnever\.txt\n/);
    const {
      'out/model.bin': model,
      'many-p.txt': many,
      'm-2-x.txt': matrix,
      'wsub/wd.txt': wd,
    } = tree(pipeline);
    expect([model, many, matrix, wd]).toEqual(['3\n', 'p\n', '2x\n', 'wd\n']);
    expect(await pull(openRepo(pipeline), { targets: ['many', 'dvc.yaml:wd', 'outdir/one'] })).toMatchObject({
      outs: [{ path: 'many-p.txt' }, { path: 'many-q.txt' }, { path: 'wsub/wd.txt' }, { path: 'outdir/' }],
    });
  });

  it.skipIf(!hasGolden)('is committed to the same lock file', async () => {
    const { pipeline } = unpackGolden(box.dir);
    write(pipeline, { '.dvc/config': config });
    await pull(openRepo(pipeline)).catch(() => {});
    write(pipeline, { 'nocache.txt': 'nc\n', 'nopush.txt': 'np\n', 'metrics.json': '1\n' });
    const expected = readFileSync(join(pipeline, 'dvc.lock'), 'utf8');
    cpSync(join(pipeline, 'dvc.lock'), join(box.dir, 'kept'));
    rmSync(join(pipeline, 'dvc.lock'));
    await commit(openRepo(pipeline), { targets: ['train', 'many', 'mtx', 'wd'] });
    expect(readFileSync(join(pipeline, 'dvc.lock'), 'utf8')).toBe(expected);
  });
});
