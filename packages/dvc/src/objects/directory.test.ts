import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidFile } from '../errors.ts';
import { encodeDirectory, parseDirectory } from './directory.ts';
import { compareCodePoints } from './python-json.ts';

const md5 = '0cc175b9c0f1b6a831c399e269772661';
const entry = (relpath: unknown, oid: unknown = md5): Buffer =>
  Buffer.from(JSON.stringify([{ md5: oid, relpath }]));

describe('a directory object', () => {
  it('has the bytes and name DVC gives it', () => {
    const { oid, bytes } = encodeDirectory([
      { relpath: 'sub/ü.txt', oid: '92eb5ffee6ae2fec3ad71c777531578f' },
      { relpath: 'a', oid: md5 },
    ]);
    expect(bytes.toString()).toBe(
      '[{"md5": "0cc175b9c0f1b6a831c399e269772661", "relpath": "a"}, {"md5": "92eb5ffee6ae2fec3ad71c777531578f", "relpath": "sub/\\u00fc.txt"}]',
    );
    expect(oid).toBe('cb9f1d433a4495b7d4f179c2a1806c27.dir');
    expect(encodeDirectory([]).oid).toBe('d751713988987e9331980363e24189ce.dir');
  });

  it('is sorted by code point and escapes DEL and astral characters as Python does', () => {
    const names = ['😀.txt', 'ｆ.txt', 'd\x7fel', 'a/b', 'a.txt', 'a-b', 'q"\\\t'];
    const { bytes } = encodeDirectory(names.map((relpath) => ({ relpath, oid: md5 })));
    expect(
      [...bytes.toString().matchAll(/"relpath": ("(?:[^"\\]|\\.)*")/g)].map((match) => match[1]),
    ).toEqual([
      '"a-b"',
      '"a.txt"',
      '"a/b"',
      '"d\\u007fel"',
      '"q\\"\\\\\\t"',
      '"\\uff46.txt"',
      '"\\ud83d\\ude00.txt"',
    ]);
  });

  it('comes back as it was, whatever the names', () => {
    const part = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 12 })
      .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..' && text.isWellFormed());
    const oid = fc.stringMatching(/^[0-9a-f]{32}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ oid, relpath: part }), { selector: ({ relpath }) => relpath }),
        (entries) => {
          const encoded = encodeDirectory(entries);
          expect(encoded.bytes.every((byte) => byte >= 0x20 && byte < 0x7f)).toBe(true);
          expect(parseDirectory(encoded.bytes, encoded.oid)).toEqual(
            [...entries].sort((a, b) => compareCodePoints(a.relpath, b.relpath)),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('orders as Python does: by code point', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const points = (text: string): number[] => [...text].map((char) => char.codePointAt(0)!);
        const [left, right] = [points(a), points(b)];
        const at = left.findIndex((point, index) => point !== right[index]);
        const expected =
          at < 0 ? left.length - right.length : right[at] === undefined ? 1 : left[at]! - right[at]!;
        expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(expected));
      }),
    );
  });

  it.each([['/etc/passwd'], ['../up'], ['a/../../up'], ['a//b'], [''], ['.'], ['a\0b'], ['\ud83d'], [7]])(
    'refuses the path %j',
    (relpath) => {
      expect(() => parseDirectory(entry(relpath), `${md5}.dir`)).toThrow(InvalidFile);
    },
  );

  it.each([['../../x'], ['0CC175B9C0F1B6A831C399E269772661'], [`${md5}.dir`], [md5.slice(1)], [1]])(
    'refuses the member md5 %j',
    (oid) => {
      expect(() => parseDirectory(entry('a', oid), `${md5}.dir`)).toThrow(InvalidFile);
    },
  );

  it('refuses what is no list, a path twice, and a file that is also a folder', () => {
    const list = (...paths: string[]): Buffer =>
      Buffer.from(JSON.stringify(paths.map((relpath) => ({ md5, relpath }))));
    for (const bytes of [
      Buffer.from('{}'),
      Buffer.from('[1]'),
      Buffer.from('['),
      Buffer.from(`[{"md5": "${md5}", "relpath": "a\xff"}]`, 'latin1'),
      list('a', 'a'),
      list('a', 'a/b'),
    ])
      expect(() => parseDirectory(bytes, `${md5}.dir`)).toThrow(InvalidFile);
  });

  it('reads what older DVC wrote: other key order, extra keys', () => {
    expect(parseDirectory(Buffer.from(`[{"relpath": "a", "size": 3, "md5": "${md5}"}]`), 'x')).toEqual([
      { oid: md5, relpath: 'a' },
    ]);
  });
});
