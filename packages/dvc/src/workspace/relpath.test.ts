import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidFile } from '../errors.ts';
import { isInside, parseRelpath, posixRelative } from './relpath.ts';

describe('a path from a directory object', () => {
  it.each(['a/b c/ü', '.hidden', '..a', 'a..', '-', 'con.d/x', 'C:x', 'a\\b', 'q?*'])(
    '%j is taken on Linux and macOS',
    (path) => {
      expect(parseRelpath(path, 'x', 'linux')).toBe(path);
      expect(parseRelpath(path, 'x', 'darwin')).toBe(path);
    },
  );

  it.each([
    '..\\up',
    'C:x',
    'a\\b',
    'a:stream',
    'con',
    'NUL.txt',
    'x/aux',
    'lpt1.log',
    'COM¹',
    'nul .txt',
    'CONOUT$',
    '.git::$INDEX_ALLOCATION/config',
    'dot.',
    'space ',
    'q?',
    '<',
    'a\tb',
  ])('%j is refused on Windows, where it would be another file', (path) => {
    expect(() => parseRelpath(path, 'x', 'win32')).toThrow(InvalidFile);
  });

  it('never leads out of its directory, whatever it is', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', '/', '\\', 'a', '\0'), fc.string());
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('/')),
        (path) => {
          let accepted: string;
          try {
            accepted = parseRelpath(path, 'x', 'linux');
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidFile);
            return;
          }
          expect(isInside('/repo/dir', `/repo/dir/${accepted}`)).toBe(true);
          expect(accepted.split('/')).not.toContain('..');
        },
      ),
    );
  });
});

describe('a path in a folder', () => {
  it.each([
    [posix, '/r', '/r', '.'],
    [posix, '/r', '/r/a b/ü', 'a b/ü'],
    [posix, '/r', '/r/..a', '..a'],
    [posix, '/r', '/r/a\\b', 'a\\b'],
    [win32, 'C:\\r', 'C:\\r', '.'],
    [win32, 'C:\\r', 'C:\\r\\a\\b', 'a/b'],
    [win32, 'C:\\r', 'C:/r/a/b', 'a/b'],
    [win32, 'C:\\Repo', 'c:\\repo\\A', 'A'],
    [win32, '\\\\host\\share\\r', '\\\\host\\share\\r\\a', 'a'],
  ])('is told by its way there, on every system', (on, folder, path, way) => {
    expect(isInside(folder, path, on)).toBe(true);
    expect(posixRelative(folder, path, on)).toBe(way);
  });

  it.each([
    [posix, '/r', '/r2'],
    [posix, '/r', '/'],
    [posix, '/r', '/r/../x'],
    [win32, 'C:\\r', 'C:\\r2'],
    [win32, 'C:\\r', 'D:\\r\\a'],
    [win32, 'C:\\r', 'C:\\r\\..\\x'],
    [win32, 'C:\\r', '\\\\host\\share\\r'],
  ])('is not beside it, above it or on another disk', (on, folder, path) => {
    expect(isInside(folder, path, on)).toBe(false);
  });
});
