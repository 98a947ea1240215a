import { describe, expect, it } from 'vitest';
import { InvalidFile } from '../errors.ts';
import { parsePointer, stageMd5, updatePointer } from './pointer.ts';

const md5 = 'b1946ac92492d2347c6235b4d2611184';
const parse = (text: string) => parsePointer(text, '/r/sub/x.dvc', '/r');
const record = { oid: md5, hash: 'md5', sizeBytes: 6 } as const;

describe('a pointer', () => {
  // As voluptuous leaves them in SINGLE_STAGE_SCHEMA: dvc/schema.py and CHECKSUM_SCHEMA in dvc/output.py.
  it.each([
    ['', 0],
    ['outs:\n', 0],
    ['outs:\nwdir:\ndeps:\nmd5:\n', 0],
    ['outs:\n- path: a\n  md5:\n', 1],
    ['outs:\n- path: a\n  md5: ""\n', 1],
    ['outs:\n- path: a\nmeta: 5\ndesc: x\nalways_changed: true\n', 1],
  ])('may leave empty what may be empty: %j', (text, outs) => {
    expect(parse(text).outs).toHaveLength(outs);
    expect(parse(text).outs.every(({ oid }) => oid === undefined)).toBe(true);
  });

  it.each([
    ['an unknown key', 'outz: []\n', /extra keys not allowed, in the file -> outz/],
    [
      'an unknown key of an out',
      'outs:\n- path: a\n  evil: 1\n',
      /extra keys not allowed, in outs -> 0 -> evil/,
    ],
    ['an unknown key of a dep', 'deps:\n- path: a\n  cache: true\n', /in deps -> 0 -> cache/],
    ['a size in words', 'outs:\n- path: a\n  size: big\n', /expected integer, in outs -> 0 -> size/],
    ['an empty desc', 'desc:\nouts: []\n', /expected string, in the file -> desc/],
    ['labels that are no texts', 'outs:\n- path: a\n  labels: [1]\n', /expected strings/],
    ['an md5 that is a path', `outs:\n- path: a\n  md5: ../../x\n`, /is not an md5/],
    ['an md5 in capitals', `outs:\n- path: a\n  md5: ${md5.toUpperCase()}\n`, /is not an md5/],
    ['a list', '- path: a\n', /is not a mapping/],
    ['no YAML', 'outs: [', /not valid YAML/],
  ])('is refused for %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(InvalidFile);
  });
});

describe('files in the pointer itself, as a version-aware remote leaves them', () => {
  const files = (...lines: string[]) =>
    parse(`outs:\n- path: d\n  hash: md5\n  files:\n${lines.map((line) => `  - ${line}\n`).join('')}`)
      .outs[0];
  const a = `{relpath: a, md5: ${md5}, size: 6, cloud: {r: {version_id: v1}}}`;

  it('make the directory whose md5 is not written', () => {
    expect(files(a)).toMatchObject({
      oid: expect.stringMatching(/^[0-9a-f]{32}\.dir$/),
      versions: [{ relpath: 'a', oid: md5, remote: 'r', versionId: 'v1' }],
    });
    // One whose md5 nobody knows could not be checked: without it there would be another directory.
    expect(files(a, '{relpath: b}')?.oid).toBeUndefined();
  });

  it.each([
    ['twice', [a, a], /lists "a" twice/],
    ['below a file', [a, `{relpath: a/b, md5: ${md5}}`], /as a file and as a folder/],
    ['that are directories', [`{relpath: a, md5: ${md5}.dir}`], /is a directory in a directory/],
    ['above it', [`{relpath: ../a, md5: ${md5}}`], /leads out of its directory/],
    ['that are not named', [`{md5: ${md5}}`], /is not a string/],
    ['that are no mappings', ['a'], /is not a mapping/],
  ])('may not be %s', (_, lines, message) => {
    expect(() => files(...lines)).toThrow(message);
  });
});

describe('an update', () => {
  // Stage.dumpd and Output.dumpd write what is true and not empty, paths as they are seen from wdir.
  it.each([
    [
      'paths and wdir are written in their shortest form',
      'wdir: ./../sub/\nouts:\n- path: ./a/../b\n- path: /r/sub/c\n',
      `outs:\n- path: b\n  md5: ${md5}\n  size: 6\n  hash: md5\n- path: c\n`,
    ],
    [
      'what is so anyway, or empty, goes',
      `frozen: false\nalways_changed: false\nmeta: {}\ndeps: []\nouts:\n- desc: ''\n  labels: []\n  meta: {}\n  cache: true\n  push: true\n  persist: false\n  md5: ${md5}\n  isexec: false\n  path: a\n`,
      `outs:\n- md5: ${md5}\n  path: a\n  size: 6\n  hash: md5\n`,
    ],
    [
      'what is not so anyway stays',
      `desc: d\nouts:\n- cache: false\n  push: false\n  persist: true\n  remote: r\n  labels: [l]\n  type: t\n  path: a\n`,
      `desc: d\nouts:\n- cache: false\n  push: false\n  persist: true\n  remote: r\n  labels: [l]\n  type: t\n  path: a\n  md5: ${md5}\n  size: 6\n  hash: md5\n`,
    ],
    [
      'locked is frozen now',
      'locked: true\nouts:\n- path: a\n',
      `outs:\n- path: a\n  md5: ${md5}\n  size: 6\n  hash: md5\nfrozen: true\n`,
    ],
    [
      'a directory becomes a file',
      `outs:\n- md5: ${md5}.dir\n  size: 1\n  nfiles: 1\n  hash: md5\n  path: a\n`,
      `outs:\n- md5: ${md5}\n  size: 6\n  hash: md5\n  path: a\n`,
    ],
  ])('%s', (_, before, after) => {
    expect(updatePointer(parse(before), 0, record)).toBe(after);
  });
});

describe("an import's checksum", () => {
  const dep = 'etag: 01a03a8254e9ba93a2d1d4b45d34e1c4\n  size: 6\n  hash: md5\n  path: s3://b/x';
  it('is of its entries alone, not of what describes them', () => {
    const of = (text: string) => stageMd5(parse(text).data);
    const plain = of(`deps:\n- ${dep}\nouts:\n- md5: ${md5}\n  hash: md5\n  path: x\n`);
    expect(plain).toMatch(/^[0-9a-f]{32}$/);
    const described = `md5: ${plain}\ndesc: d\nfrozen: true\nwdir: .\nmeta: {a: 1}\ndeps:\n- ${dep}\nouts:\n- md5: ${md5}\n  size: 6\n  hash: md5\n  path: x\n  push: true\n  desc: e\n  labels: [l]\n`;
    expect(of(described)).toBe(plain);
    expect(of(described.replace('path: x\n', 'path: y\n'))).not.toBe(plain);
    expect(of(`outs:\n- md5: ${md5}\n  path: x\n`)).toBeUndefined();
  });

  it.each([
    // as real DVC wrote it: hudcostreets/ctbk.dev, s3/tripdata/202401-citibike-tripdata.zip.dvc
    `md5: c75ffab80afdcfd49dd9c5a55fca068b
frozen: true
deps:
- etag: ce6c041ebab0621c1951517b1150eb69-22
  size: 369035302
  hash: md5
  path: s3://tripdata/202401-citibike-tripdata.zip
outs:
- md5: 1e385bd644862e808196186c4c8f0b0d
  size: 369035302
  hash: md5
  path: 202401-citibike-tripdata.zip
`,
    // a repository import of a directory: Swarbricklab/dt, docs on `dt deps`
    `md5: ae51b2729e737c5819ff0113342d2549
frozen: true
deps:
- path: data/final
  repo:
    url: git@github.com:Swarbricklab/metadata.git
    rev_lock: 9b0730c70709fb8d73b0a142ea27250821a3e1ac
    rev: main
outs:
- md5: ace1a88c79ce2590e589c2bf9afb828a.dir
  size: 1069722
  nfiles: 6
  hash: md5
  path: final
`,
  ])('is the one real DVC wrote', (text) => {
    const { data } = parse(text);
    expect(stageMd5(data)).toBe(data.md5);
  });
});
