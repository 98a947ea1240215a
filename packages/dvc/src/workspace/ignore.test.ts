import { describe, expect, it } from 'vitest';
import { useScratch, write } from '../test/sandbox.ts';
import { Ignore } from './ignore.ts';

const box = useScratch();

describe('ignore files', () => {
  // Each row as pathspec's GitWildMatchPattern and DvcIgnorePatterns decide; a path with `/` at its end is a folder.
  it.each([
    ['*.tmp', ['a.tmp', 'd/a.tmp', 'a.tmp/'], ['a.tmpx', 'tmp']],
    ['/build/', ['build/', 'build/x'], ['build', 'u/build/']],
    ['u/only/', ['u/only/', 'u/only/x'], ['only/', 'v/u/only/']],
    ['foo/**/bar', ['foo/bar', 'foo/x/bar', 'foo/x/y/bar/'], ['bar', 'x/foo/bar']],
    ['foo/**', ['foo/x', 'foo/x/y', 'foo/'], ['foo', 'x/foo/y']],
    ['foo/**\n!foo/keep', ['foo/keep', 'foo/x'], ['keep']],
    ['foo/*\n!foo/keep', ['foo/x'], ['foo/keep', 'foo/']],
    ['foo/**/', ['foo/', 'foo/x'], ['foo', 'x/foo/']],
    ['**/foo', ['foo', 'x/foo', 'x/y/foo/'], ['xfoo']],
    ['**', ['x', 'x/y'], []],
    ['*/', ['x/', 'x/y'], ['x']],
    ['/', [], ['x', 'x/']],
    ['a\n!b\n!a/x', ['a', 'a/x'], ['b']],
    ['*.t\n!keep.t\n/d/\n!d/keep.t', ['a.t', 'd/keep.t'], ['keep.t', 'e/keep.t']],
    ['# c\n\\#c\n\\!n', ['#c', '!n'], ['# c', 'n']],
    ['  spaced  ', ['spaced'], ['spaced ', ' spaced']],
    ['[]a]', [']', 'a'], ['b', '[]a]']],
    ['[!]a]', ['b'], [']', 'a']],
    ['[^a]', ['b', '^'], ['a']],
    ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
    ['[[]', ['['], [']']],
    ['[\\]a]', ['\\a]'], ['a', ']']],
    ['{a,b}', ['{a,b}'], ['a']],
    ['a$\n^b\nc+\n(d)', ['a$', '^b', 'c+', '(d)'], ['a', 'b', 'cc', 'd']],
    ['a?', ['ab', 'a?'], ['a', 'a/b']],
  ])('%j', (lines, ignored, others) => {
    write(box.dir, { '.dvcignore': `${lines}\r\n` });
    const ignore = new Ignore(box.dir, '.dvcignore');
    const isIgnored = (path: string): boolean =>
      ignore.find(path.replace(/\/$/, ''), path.endsWith('/')) !== undefined;
    expect([...ignored, ...others].filter(isIgnored)).toEqual(ignored);
  });

  it('of Git ignore what is in a folder by /**, not the folder: a file in it may be taken back', () => {
    write(box.dir, { '.gitignore': 'foo/**\n!foo/keep\n' });
    const ignore = new Ignore(box.dir, '.gitignore');
    expect(ignore.find('foo', true)).toBeUndefined();
    expect([ignore.find('foo/x', false), ignore.find('foo/keep', false)]).toEqual([
      '.gitignore:1:foo/**',
      undefined,
    ]);
  });

  it('speak for their own folder; one in an ignored folder, or that is ignored itself, says nothing', () => {
    write(box.dir, {
      '.dvcignore': 'hidden/\n*.a\n',
      'd/.dvcignore': '!x.a\n/y\n',
      'hidden/.dvcignore': '!f\n',
      'e/.dvcignore': 'z\n',
    });
    const ignore = new Ignore(box.dir, '.dvcignore');
    const paths = ['d/x.a', 'x.a', 'd/y', 'd/e/y', 'y', 'hidden/f', 'e/z', 'z'];
    expect(paths.filter((path) => ignore.find(path, false))).toEqual(['x.a', 'd/y', 'hidden/f', 'e/z']);
    expect(ignore.find('d/y', false)).toBe('d/.dvcignore:2:/y');
    write(box.dir, { '.dvcignore': '.dvcignore\n' });
    expect(new Ignore(box.dir, '.dvcignore').find('e/z', false)).toBeUndefined();
  });
});
