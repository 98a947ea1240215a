import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scratch, writeFiles } from '../test/scratch.ts';
import { treeOf } from '../test/tree.ts';
import { InvalidTar, UnsafeTarEntry } from './errors.ts';
import { extractLayer } from './extract-layer.ts';
import { blockBytes, encodeHeader, padding, type TarHeader } from './tar/header.ts';

type Entry = Partial<Omit<TarHeader, 'type'>> & {
  path: string;
  type?: 'file' | 'directory' | 'symlink' | 'hardlink';
  content?: string;
  flag?: string;
};

function tarOf(entries: Entry[]): Buffer {
  const parts = entries.flatMap(({ content = '', flag, ...entry }) => {
    const bytes = Buffer.from(content);
    const header = encodeHeader({ type: 'file', mode: 0o644, ...entry, size: entry.size ?? bytes.length });
    if (flag) {
      // Another type than our writer writes: a device, a fifo. The checksum moves with it.
      const before = header[156]!;
      header.write(flag, 156);
      const sum = Number.parseInt(header.toString('latin1', 148, 154), 8) + header[156]! - before;
      header.write(sum.toString(8).padStart(6, '0'), 148);
    }
    return [header, bytes, padding(bytes.length)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

const extract = (entries: Entry[], into: string, options = {}) =>
  extractLayer(Readable.from([gzipSync(tarOf(entries))]), into, options);

const link = (path: string, to: string): Entry => ({ path, type: 'symlink', link: to });
const hard = (path: string, to: string): Entry => ({ path, type: 'hardlink', link: to });

describe('extractLayer', () => {
  it('unpacks gzip, zstd and bare tars, parents made where the archive has none', async () => {
    const tar = tarOf([
      { path: './a/b/run', content: 'x', mode: 0o755 },
      link('a/link', 'b/run'),
      hard('a/hard', 'a/b/run'),
    ]);
    for (const bytes of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
      const into = join(await scratch(), 'new');
      await extractLayer(Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]), into);
      const tree = await treeOf(into);
      expect(tree).toEqual({
        a: 'dir',
        'a/b': 'dir',
        'a/b/run': '755 2d711642b726',
        'a/hard': '755 2d711642b726',
        'a/link': '-> b/run',
      });
      expect(statSync(join(into, 'a/hard')).ino).toBe(statSync(join(into, 'a/b/run')).ino);
    }
  });

  it('lays a layer over another: files replace, whiteouts delete, an opaque one spares what its layer brings', async () => {
    const into = await scratch();
    await extract(
      [
        { path: 'a/old', content: '1' },
        { path: 'a/kept', content: '1' },
        { path: 'b/old', content: '1' },
        { path: 'c/d/e', content: '1' },
      ],
      into,
    );
    await extract(
      [
        { path: 'a/.wh.old' },
        { path: 'a/.wh.never-there' },
        { path: 'a/kept', content: '2' },
        { path: 'b/new/deep', content: '2' },
        { path: 'b/.wh..wh..opq' },
        { path: '.wh.c' },
        { path: '.wh..wh.plnk' },
      ],
      into,
    );
    expect(Object.keys(await treeOf(into))).toEqual(['a', 'a/kept', 'b', 'b/new', 'b/new/deep']);
    expect(readFileSync(join(into, 'a/kept'), 'utf8')).toBe('2');
  });

  it('lets a later entry replace a file by a folder and back', async () => {
    const into = await scratch();
    await extract([{ path: 'x', content: '1' }, { path: 'y/z', content: '1' }, link('l', 'y')], into);
    await extract(
      [
        { path: 'x', type: 'directory' },
        { path: 'x/in', content: '2' },
        { path: 'y', content: '2' },
        { path: 'l', type: 'directory' },
        { path: 'l/in', content: '2' },
      ],
      into,
    );
    expect(Object.keys(await treeOf(into))).toEqual(['l', 'l/in', 'x', 'x/in', 'y']);
  });

  it('drops set-user bits and keeps folders enterable', async () => {
    const into = await scratch();
    await extract(
      [
        { path: 'su', content: '', mode: 0o4755 },
        { path: 'd', type: 'directory', mode: 0o000 },
        { path: 'd/f', content: '' },
      ],
      into,
    );
    expect(statSync(join(into, 'su')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(into, 'd')).mode & 0o7777).toBe(0o700);
  });

  const escapes: [string, Entry[]][] = [
    ['a path with ..', [{ path: '../evil' }]],
    ['a path with .. inside', [{ path: 'a/../../evil' }]],
    ['an absolute path', [{ path: '/evil' }]],
    ['a folder with ..', [{ path: 'a/..', type: 'directory' }]],
    ['a link to an absolute path', [link('l', '/etc')]],
    ['a link out', [link('l', '../outside')]],
    ['a link out from below', [{ path: 'a/b', type: 'directory' }, link('a/b/l', '../../../outside')]],
    [
      'a write through a link inside',
      [{ path: 'real', type: 'directory' }, link('l', 'real'), { path: 'l/evil' }],
    ],
    ['a way up behind a link', [link('here', '.'), link('x', 'here/../../outside')]],
    ['a way up behind a folder', [link('x', 'a/../../outside')]],
    ['a hard link out', [hard('h', '../outside/secret')]],
    ['a hard link to an absolute path', [hard('h', '/etc/passwd')]],
    [
      'a hard link to a symlink, which would move it up',
      [{ path: 'a/b', type: 'directory' }, link('a/b/l', '../../x'), hard('l', 'a/b/l')],
    ],
    ['a hard link through a link', [{ path: 'd/f', content: '' }, link('l', 'd'), hard('h', 'l/f')]],
    ['a hard link to nothing', [hard('h', 'nothing')]],
    ['a whiteout of the folder above', [{ path: 'a/.wh...' }]],
    ['a whiteout of the folder itself', [{ path: 'a/.wh..' }]],
    ['a whiteout of nothing', [{ path: 'a/.wh.' }]],
    ['a character device', [{ path: 'null', flag: '3' }]],
    ['a block device', [{ path: 'sda', flag: '4' }]],
    ['a fifo', [{ path: 'pipe', flag: '6' }]],
    ['a sparse file', [{ path: 'sparse', flag: 'S' }]],
    ['a root that is a link', [link('.', 'x')]],
    ['a path with a zero byte in a pax record', [{ path: 'é\0evil' }]],
  ];
  it.each(escapes)('refuses %s', async (_, entries) => {
    const folder = await scratch();
    await writeFiles(folder, { 'outside/secret': 'secret' });
    const into = join(folder, 'into');
    await mkdir(into);
    await expect(extract(entries, into)).rejects.toThrow(UnsafeTarEntry);
    expect(await treeOf(join(folder, 'outside'))).toEqual({ secret: '644 2bb80d537b1d' });
    expect(Object.keys(await treeOf(folder)).filter((path) => !/^(into|outside)(\/|$)/.test(path))).toEqual(
      [],
    );
  });

  it('refuses to write through a link that was there before, and replaces it where the entry is that path', async () => {
    const folder = await scratch();
    mkdirSync(join(folder, 'outside'));
    mkdirSync(join(folder, 'into'));
    symlinkSync('../outside', join(folder, 'into/l'));
    await expect(extract([{ path: 'l/evil', content: 'x' }], join(folder, 'into'))).rejects.toThrow(
      /writes through l/,
    );
    writeFileSync(join(folder, 'outside/file'), 'mine');
    symlinkSync('../outside/file', join(folder, 'into/f'));
    await extract([{ path: 'f', content: 'theirs' }], join(folder, 'into'));
    expect(readFileSync(join(folder, 'outside/file'), 'utf8')).toBe('mine');
  });

  it('never writes outside, whatever links and paths are combined', async () => {
    const name = fc.constantFrom('a', 'b', '..', '.', '.wh.a', '.wh..wh..opq');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
    const entry: fc.Arbitrary<Entry> = fc.oneof(
      fc.record({ path, content: fc.constant('x') }),
      fc.record({ path, type: fc.constant('directory' as const) }),
      fc.record({ path, type: fc.constantFrom('symlink' as const, 'hardlink' as const), link: path }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 8 }), async (entries) => {
        const folder = await scratch();
        const into = join(folder, 'x/y/into');
        await mkdir(into, { recursive: true });
        // One after another: what a refused entry left behind is there for the next.
        for (const one of entries)
          await extract([one], into).catch((error) => expect(error).toBeInstanceOf(UnsafeTarEntry));
        const outside = Object.keys(await treeOf(folder)).filter((found) => !found.startsWith('x/y/into/'));
        expect(outside).toEqual(['x', 'x/y', 'x/y/into']);
      }),
      { numRuns: 150 },
    );
  });

  it('stops at the limit before it writes', async () => {
    const into = await scratch();
    await expect(
      extract(
        [
          { path: 'a', content: 'x'.repeat(60) },
          { path: 'b', content: 'x'.repeat(60) },
        ],
        into,
        { limitBytes: 100 },
      ),
    ).rejects.toThrow(/more than is allowed, at b/);
    expect(Object.keys(await treeOf(into))).toEqual(['a']);
    await expect(extract([{ path: 'huge', size: 20 * 1024 ** 3 }], into)).rejects.toThrow(
      /more than is allowed/,
    );
  });

  it('says that a layer breaks off or is none', async () => {
    const whole = gzipSync(tarOf([{ path: 'a', content: 'x'.repeat(10_000) }]));
    const cases = [
      whole.subarray(0, whole.length / 2),
      Buffer.from('no tar at all'),
      Buffer.alloc(0),
      Buffer.from('1f8bffff00', 'hex'),
    ];
    for (const bytes of cases)
      await expect(extractLayer(Readable.from([bytes]), await scratch())).rejects.toThrow(InvalidTar);
  });

  it('passes on why the source failed', async () => {
    const source = Readable.from(
      (async function* () {
        yield gzipSync(tarOf([{ path: 'a', content: 'x' }])).subarray(0, 20);
        throw new Error('the line went dead');
      })(),
    );
    await expect(extractLayer(source, await scratch())).rejects.toThrow('the line went dead');
  });
});
