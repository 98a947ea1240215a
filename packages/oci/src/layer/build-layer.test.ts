import { chmodSync, linkSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { has, run } from '../../test/programs.ts';
import { scratch, writeFiles } from '../../test/scratch.ts';
import { openLayer, pathsInLayer, treeOf } from '../../test/tree.ts';
import { digestOf } from '../digest.ts';
import { InvalidLayer } from '../errors.ts';
import { extractLayer } from '../extract-layer.ts';
import { blobFile, createLayout } from '../layout/layout.ts';
import { buildLayer } from './build-layer.ts';
import { listTree } from './list-tree.ts';

async function build(from: string, to = '/var/task', known = new Map()) {
  const layout = await scratch();
  await createLayout(layout);
  return {
    layout,
    ...(await buildLayer({ name: 'app', from, to }, listTree({ name: 'app', from, to }), layout, known)),
  };
}

describe('buildLayer', () => {
  it('depends on neither times, order of creation, owners nor hard links', async () => {
    const [one, two] = [await scratch(), await scratch()];
    const files = { 'index.mjs': 'export {}', 'lib/b.mjs': 'b', 'lib/a.mjs': 'a', 'lib/same.mjs': 'a' };
    await writeFiles(one, files);
    await writeFiles(two, Object.fromEntries(Object.entries(files).slice(1).reverse()));
    writeFileSync(join(two, 'index.mjs'), files['index.mjs']);
    utimesSync(join(two, 'lib'), 1e9, 1e9);
    chmodSync(join(two, 'lib/a.mjs'), 0o600);
    linkSync(join(two, 'lib/a.mjs'), join(two, 'hard'));
    writeFileSync(join(one, 'hard'), 'a');
    const [first, second] = [await build(one), await build(two)];
    expect(second.descriptor).toEqual(first.descriptor);
    expect(second.diffId).toBe(first.diffId);
  });

  it('has one pinned digest, so that a change of the format is seen', async () => {
    const folder = await scratch();
    await writeFiles(folder, { 'index.mjs': 'export const handler = () => 1;\n', 'bin/tool': '#!/bin/sh\n' });
    chmodSync(join(folder, 'bin/tool'), 0o700);
    const { layout, descriptor, diffId } = await build(folder);
    expect(await pathsInLayer(layout, descriptor.digest)).toEqual([
      'var/',
      'var/task/',
      'var/task/bin/',
      'var/task/bin/tool',
      'var/task/index.mjs',
    ]);
    expect(diffId).toBe('sha256:894c0000558da40bb875867fedb5d427563a46c7892babc6b93a0737923e3c98');
  });

  it('names every parent directory before what is in it, and sorts by bytes', async () => {
    const folder = await scratch();
    await writeFiles(folder, { 'z/y/x': '', 'a-b': '', 'a/b': '', é: '', Z: '', '😀': '', '\uffee': '' });
    const { layout, descriptor } = await build(folder, '/opt');
    const paths = await pathsInLayer(layout, descriptor.digest);
    expect(paths).toEqual([
      'opt/',
      'opt/Z',
      'opt/a/',
      'opt/a/b',
      'opt/a-b',
      'opt/z/',
      'opt/z/y/',
      'opt/z/y/x',
      'opt/é',
      'opt/\uffee',
      'opt/😀',
    ]);
  });

  it('brings any tree back as it was', async () => {
    const name = fc.string({ minLength: 1, maxLength: 60, unit: fc.constantFrom('a', 'B', '-', 'é', '日') });
    const tree = fc.dictionary(
      fc.array(name, { minLength: 1, maxLength: 4 }).map((s) => `f/${s.join('/d')}.txt`),
      fc.string(),
      { minKeys: 1, maxKeys: 6 },
    );
    await fc.assert(
      fc.asyncProperty(tree, async (files) => {
        const from = await scratch();
        await writeFiles(from, files);
        const { layout, descriptor } = await build(from, '/');
        const into = await scratch();
        await extractLayer(openLayer(layout, descriptor.digest), into);
        expect(await treeOf(into)).toEqual(await treeOf(from));
      }),
      { numRuns: 25 },
    );
  });

  it.skipIf(!has('tar'))('is unpacked by tar to the same tree (needs tar)', async () => {
    const from = await scratch();
    await writeFiles(from, {
      'a/b.txt': 'b',
      [`${'d'.repeat(150)}/${'n'.repeat(200)}`]: 'long',
      'grüße.txt': 'ü',
      run: 'x',
    });
    chmodSync(join(from, 'run'), 0o755);
    symlinkSync('b.txt', join(from, 'a/link'));
    const { layout, descriptor } = await build(from);
    const into = await scratch();
    run('tar', ['-xzf', blobFile(layout, descriptor.digest), '-C', into], {
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    expect(await treeOf(join(into, 'var/task'))).toEqual(await treeOf(from));
  });

  it('takes a known layer over and gives the same digest without it', async () => {
    const from = await scratch();
    await writeFiles(from, { a: 'x'.repeat(10_000) });
    const first = await build(from);
    const file = blobFile(first.layout, first.descriptor.digest);
    const known = new Map([[first.diffId, { ...first.descriptor, file }]]);
    const again = await build(from, '/var/task', known);
    expect(again.descriptor).toEqual(first.descriptor);
    expect(await readdir(join(again.layout, 'blobs/sha256'))).toEqual([first.descriptor.digest.slice(7)]);
  });

  it('compresses again when the known layer is damaged or gone', async () => {
    const from = await scratch();
    await writeFiles(from, { a: 'x'.repeat(10_000) });
    const first = await build(from);
    const file = blobFile(first.layout, first.descriptor.digest);
    const known = new Map([[first.diffId, { ...first.descriptor, file }]]);
    await writeFile(file, 'damaged');
    for (const _ of ['damaged', 'gone']) {
      const again = await build(from, '/var/task', known);
      const blob = await readFile(blobFile(again.layout, again.descriptor.digest));
      expect(digestOf(blob)).toBe(first.descriptor.digest);
      expect(digestOf(gunzipSync(blob))).toBe(first.diffId);
      known.set(first.diffId, { ...first.descriptor, file: join(from, 'nowhere') });
    }
  });

  it('refuses what it can not carry, and says which', async () => {
    const from = await scratch();
    await expect(build(join(from, 'missing'))).rejects.toThrow(/there is no folder .*missing/);
    await expect(build(from)).rejects.toThrow(/is empty/);
    writeFileSync(join(from, 'file'), '');
    await expect(build(join(from, 'file'))).rejects.toThrow(/not a folder/);
    await expect(build(from, 'var/task')).rejects.toThrow(/absolute path/);

    for (const target of ['/etc/passwd', '../outside', 'x/../../outside', 'a/../..']) {
      symlinkSync(target, join(from, 'link'));
      await expect(build(from)).rejects.toThrow(new RegExp(`link links out of the folder, to ${target}`));
      run('rm', [join(from, 'link')]);
    }
    await mkdir(join(from, 'd'));
    writeFileSync(join(from, 'd/.wh.x'), '');
    await expect(build(from)).rejects.toThrow(/\.wh\./);
    run('rm', ['-r', join(from, 'd')]);

    const socket = createServer().listen(join(from, 'socket'));
    await new Promise((resolve) => socket.once('listening', resolve));
    await expect(build(from)).rejects.toThrow(InvalidLayer);
    socket.close();
  });

  it('notices that a file shrinks or grows under it', async () => {
    const { writeTar } = await import('./write-tar.ts');
    const from = await scratch();
    writeFileSync(join(from, 'log'), 'x'.repeat(100));
    for (const size of [99, 101]) {
      const drain = async () => {
        truncateSync(join(from, 'log'), size);
        for await (const _ of writeTar([
          { path: 'log', type: 'file', mode: 0o644, size: 100, source: join(from, 'log') },
        ]));
      };
      await expect(drain()).rejects.toThrow(/changed while it was read/);
    }
  });
});
