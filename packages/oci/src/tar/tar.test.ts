import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scratch, writeFiles } from '../../test/scratch.ts';
import { InvalidTar } from '../errors.ts';
import { blockBytes, encodeHeader, padding } from './header.ts';
import { readTar, type TarEntry } from './read-tar.ts';

type Entry = Omit<TarEntry, 'content' | 'type'> & {
  type: 'file' | 'directory' | 'symlink' | 'hardlink';
  content: string;
};

function tarOf(entries: Entry[]): Buffer {
  const parts = entries.flatMap(({ content, ...header }) => {
    const bytes = Buffer.from(content);
    return [encodeHeader({ ...header, size: bytes.length }), bytes, padding(bytes.length)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

async function entriesOf(tar: Buffer, cut = tar.length): Promise<Entry[]> {
  async function* source() {
    for (let at = 0; at < tar.length; at += cut) yield tar.subarray(at, at + cut);
  }
  const entries: Entry[] = [];
  for await (const { content, ...header } of readTar(source())) {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    const path = header.type === 'directory' ? header.path.replace(/\/$/, '') : header.path;
    entries.push({
      ...header,
      path,
      type: header.type as Entry['type'],
      content: String(Buffer.concat(chunks)),
    });
  }
  return entries;
}

const segment = fc.string({
  minLength: 1,
  maxLength: 120,
  unit: fc.constantFrom('a', 'b', ' ', '.', 'é', '日', '😀'),
});
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => segments.join('/'));
const entry = fc.oneof(
  fc.record({
    path,
    type: fc.constant('file' as const),
    mode: fc.constantFrom(0o644, 0o755),
    content: fc.string(),
  }),
  fc.record({
    path,
    type: fc.constant('directory' as const),
    mode: fc.constant(0o755),
    content: fc.constant(''),
  }),
  fc.record({
    path,
    type: fc.constantFrom('symlink' as const, 'hardlink' as const),
    mode: fc.constant(0o777),
    link: path,
    content: fc.constant(''),
  }),
);

describe('tar', () => {
  it('reads back what it writes, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 8 }),
        fc.integer({ min: 1, max: 3000 }),
        async (entries, cut) => {
          const expected = entries.map((e) => ({ ...e, size: Buffer.byteLength(e.content) }));
          expect(await entriesOf(tarOf(expected), cut)).toEqual(expected);
        },
      ),
    );
  });

  it('is read by tar itself, also with names beyond 100 and 255 bytes and outside ASCII', () => {
    const names = [
      'short',
      `${'d'.repeat(90)}/${'f'.repeat(99)}`,
      `${'d'.repeat(200)}/${'f'.repeat(200)}`,
      'grüße/日本.txt',
      'x'.repeat(100),
      'x'.repeat(101),
    ];
    const tar = tarOf(
      names.map((name) => ({ path: name, type: 'file', mode: 0o644, size: 0, content: name })),
    );
    const listed = execFileSync('tar', ['--quoting-style=literal', '-t'], {
      input: tar,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    });
    expect(listed.trim().split('\n')).toEqual(names);
    expect(tar.length).toBeGreaterThan(0);
    expect(execFileSync('tar', ['-xO', names[2]!], { input: tar, encoding: 'utf8' })).toBe(names[2]);
  });

  it.each(['gnu', 'pax', 'ustar', 'v7'])("reads tar's own format %s", async (format) => {
    const folder = await scratch();
    const long = format === 'gnu' || format === 'pax' ? `${'l'.repeat(120)}/${'n'.repeat(180)}` : 'a/b';
    await writeFiles(folder, {
      [`t/${long}`]: 'long',
      't/empty': '',
      't/é': 'accent',
      't/big': 'x'.repeat(100_000),
    });
    mkdirSync(join(folder, 't/dir'));
    symlinkSync(long, join(folder, 't/link'));
    const tar = execFileSync('tar', [`--format=${format}`, '--sort=name', '-C', folder, '-c', 't'], {
      maxBuffer: 2 ** 24,
    });
    const entries = await entriesOf(tar, 1000);
    const listed = execFileSync('tar', ['--quoting-style=literal', '-t'], { input: tar, encoding: 'utf8' });
    expect(entries.map((e) => e.path)).toEqual(
      listed
        .trim()
        .split('\n')
        .map((name) => name.replace(/\/$/, '')),
    );
    const content = Object.fromEntries(entries.map((e) => [e.path, e.content]));
    expect(content[`t/${long}`]).toBe('long');
    expect(content['t/big']).toBe('x'.repeat(100_000));
    expect(entries.find((e) => e.path === 't/link')?.link).toBe(long);
  });

  it('knows sizes beyond 8 GB, as pax writes them and as GNU does', async () => {
    const folder = await scratch();
    const file = join(folder, 'huge');
    writeFileSync(file, '');
    execFileSync('truncate', ['-s', '9G', file]);
    const size = 9 * 1024 ** 3;
    const ours = encodeHeader({ path: 'huge', type: 'file', mode: 0o644, size });
    for (const head of [
      ours,
      headOf(['--format=pax', '-cf', '-', file]),
      headOf(['--format=gnu', '-cf', '-', file]),
    ]) {
      const entries = readTar(
        (async function* () {
          yield head;
        })(),
      );
      expect((await entries.next()).value).toMatchObject({ size, type: 'file' });
      await entries.return(undefined);
    }
    const listed = spawnSync('tar', ['-tv'], { input: ours, encoding: 'utf8' });
    expect(listed.stdout).toContain(String(size));
  });

  it('sees that an archive is cut short, wherever', async () => {
    const tar = tarOf([
      { path: 'a', type: 'file', mode: 0o644, size: 0, content: 'x'.repeat(700) },
      { path: 'b'.repeat(300), type: 'file', mode: 0o644, size: 0, content: 'y' },
    ]);
    const ends = [0, 512 + 1024, tar.length - 1024, tar.length - 512];
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: tar.length - 1025 }), async (length) => {
        if (ends.includes(length)) return;
        await expect(entriesOf(tar.subarray(0, length))).rejects.toThrow(InvalidTar);
      }),
    );
  });

  it('fails on anything that is no tar with its own error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (bytes) => {
        const zeros = bytes.slice(0, blockBytes).every((byte) => byte === 0) && bytes.length >= blockBytes;
        if (!zeros) await expect(entriesOf(Buffer.from(bytes))).rejects.toThrow(InvalidTar);
      }),
    );
  });

  it('lets a reader leave the content of an entry', async () => {
    const tar = tarOf(
      ['a', 'b'].map((name) => ({
        path: name,
        type: 'file',
        mode: 0o644,
        size: 0,
        content: name.repeat(3000),
      })),
    );
    const seen: string[] = [];
    for await (const { path: name, content } of readTar(
      (async function* () {
        yield tar;
      })(),
    )) {
      for await (const chunk of content) {
        seen.push(`${name}${chunk.length > 0}`);
        break;
      }
    }
    expect(seen).toEqual(['atrue', 'btrue']);
    const paths: string[] = [];
    for await (const { path } of readTar(Readable.from([tar]))) paths.push(path);
    expect(paths).toEqual(['a', 'b']);
  });
});

/** The first blocks of what tar writes: the content never matters here. */
function headOf(args: string[]): Buffer {
  return execFileSync('sh', ['-c', 'tar "$@" 2>/dev/null | head -c 4096', 'sh', ...args]);
}
