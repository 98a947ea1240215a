import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emitYaml, stringifyYaml } from './emit.ts';
import { parseYaml } from './parse.ts';
import { fromYaml, update } from './tree.ts';

const x100 = 'x'.repeat(100);

describe('YAML as ruamel.yaml (and so DVC) writes it', () => {
  // Each right-hand side was written by ruamel.yaml.
  it.each([
    ['plain text', 'plain text'],
    ['ünïcode-模型.bin', 'ünïcode-模型.bin'],
    ['😀', '😀'],
    ["it's", "it's"],
    ['yes', 'yes'],
    ['12:30:45', '12:30:45'],
    ['inf', 'inf'],
    ['a  b', 'a  b'],
    ['123', "'123'"],
    ['1e3', "'1e3'"],
    ['0x1F', "'0x1F'"],
    ['017', "'017'"],
    ['1_000', "'1_000'"],
    ['_', '_'],
    ['_1', '_1'],
    ['+_', "'+_'"],
    ['.inf', "'.inf'"],
    ['true', "'true'"],
    ['null', "'null'"],
    ['~', "'~'"],
    ['=', "'='"],
    ['<<', "'<<'"],
    ['2020-01-01', "'2020-01-01'"],
    ['', "''"],
    [' lead', "' lead'"],
    ['- a', "'- a'"],
    ['a: b', "'a: b'"],
    ['a:', "'a:'"],
    ["'q", `"'q"`],
    ['line\nline2\n', '"line\\nline2\\n"'],
    ['\x7f', '"\\x7F"'],
    ['\ufeff', '"\\uFEFF"'],
    ['a\tb', '"a\\tb"'],
    ['word '.repeat(30).trim(), `${'word '.repeat(15).trim()}\n    ${'word '.repeat(15).trim()}`],
    [`${x100} yy`, `\n    ${x100}\n    yy`],
    [`aa ${x100}`, `aa \n    ${x100}`],
    [`#${' cc'.repeat(50)}`, `'#${' cc'.repeat(24)}\n${' '.repeat(3)}${' cc'.repeat(26)}'`],
    [`a\tb${' c'.repeat(60)}`, `"a\\tb${' c'.repeat(34)}\n${' '.repeat(3)}${' c'.repeat(26)}"`],
  ])('spells %j', (value, written) => {
    expect(stringifyYaml({ outs: [{ path: value }] })).toBe(`outs:\n- path: ${written}\n`);
  });

  it('reads back whatever it wrote', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('a', ' ', '\n', '\t', "'", '"', ':', '#', '-', '\x85', '\u2028', x100, '\\'), {
          maxLength: 60,
        })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, text, (one, two) => {
        fc.pre(one.isWellFormed() && two.isWellFormed());
        const value = { outs: [{ path: one, meta: { list: [two, [one]], none: null, yes: true, n: 3 } }] };
        expect(fromYaml(parseYaml(stringifyYaml(value)).root)).toEqual(value);
      }),
    );
  });

  it('joins the lines DVC folded', () => {
    expect(fromYaml(parseYaml('path: a\n  b\n  c\n').root)).toEqual({ path: 'a b c' });
  });

  it('keeps comments, blank lines, order and block text of what it updates, as ruamel does', () => {
    const before = `# top comment
# second

# third
desc: "a description"   # trailing
outs:   # the outs
  # before item
  - md5: b1946ac92492d2347c6235b4d2611184     # c1
    # inside
    size: 6

    hash: md5
    path: 'hello.txt' # pathc
    labels: [a, "b c", 'x,y']
    meta:
        a: {x: 1, y: "z"}
        text: |
            line1
              line2
        n: ~
        t: True
        f: 1.50
        h: 0x1F
        l:
            - 1
            -   - 2
                - 3
# end comment

# end 2
`;
    const after = `# top comment
# second

# third
desc: a description     # trailing
outs:   # the outs
  # before item
- md5: 0cc175b9c0f1b6a831c399e269772661       # c1
    # inside
  size: 1

  hash: md5
  path: hello.txt     # pathc
  labels: [a, b c, 'x,y']
  meta:
    a: {x: 1, y: z}
    text: |
      line1
        line2
    n:
    t: true
    f: 1.50
    h: 0x1F
    l:
    - 1
    - - 2
      - 3
# end comment

# end 2
  isexec: true
`;
    const { root, top } = parseYaml(before);
    const data = fromYaml(root);
    const [out] = (data as { outs: Record<string, string | number | boolean>[] }).outs;
    Object.assign(out!, { md5: '0cc175b9c0f1b6a831c399e269772661', size: 1, isexec: true });
    expect(emitYaml({ root: update(root, data), top })).toBe(after);
  });

  // What ruamel.yaml 0.18 made of the left text when the first out's md5 was set to `new` (and nfiles taken away).
  it.each([
    [
      'CRLF becomes LF',
      '# top\r\nouts:\r\n- md5: old # c\r\n  path: a\r\n# end',
      '# top\nouts:\n- md5: new # c\n  path: a\n# end\n',
    ],
    [
      'dates and odd numbers stay what they are',
      'meta: [2020-01-01, 1_000, 0b11, +5, .NaN, -.INF, 007]\nouts:\n- md5: old\n',
      'meta: [2020-01-01, 1_000, 0b11, 5, .nan, -.inf, 007]\nouts:\n- md5: new\n',
    ],
    [
      'keys need not be texts',
      'meta:\n  5: a\n  1.5: b\n  True: c\n  ~: d\n  "6": e\nouts:\n- md5: old\n',
      "meta:\n  5: a\n  1.5: b\n  true: c\n  null: d\n  '6': e\nouts:\n- md5: new\n",
    ],
    [
      'anchors, aliases and merges',
      'meta:\n  a: &x\n    k: 1\n  b: *x\n  c: &s text\n  d: {<<: *x, l: *s}\n  e: &unused [1]\nouts:\n- <<: *x\n  md5: old\n',
      'meta:\n  a: &x\n    k: 1\n  b: *x\n  c: &s text\n  d: {<<: *x, l: *s}\n  e: [1]\nouts:\n- <<: *x\n  md5: new\n',
    ],
    [
      'a comment under what has an alias',
      'meta:\n  a: &x\n    # c\n    k: 1\n    # d\n  b: *x\n  # e\nouts:\n- md5: old\n',
      'meta:\n  a: &x\n    # c\n    k: 1\n    # d\n  b: *x\n  # e\nouts:\n- md5: new\n',
    ],
    ['a comment behind a dash goes above it', 'outs:\n- # one\n  md5: old\n', 'outs:\n  # one\n- md5: new\n'],
    [
      'a comment behind a flow collection',
      'meta: {a:   1} # c\n# d\nouts:\n- md5: old\n',
      'meta: {a: 1}   # c\n# d\nouts:\n- md5: new\n',
    ],
    [
      'a comment between key and value',
      'desc: # c\n  text\nouts:\n- md5: old\n',
      'desc: text # c\nouts:\n- md5: new\n',
    ],
    [
      'comments go with the key above them',
      'outs:\n- md5: old\n  # one\n  nfiles: 2 # two\n  # three\n  path: a\n',
      'outs:\n- md5: new\n  # one\n  path: a\n',
    ],
    [
      'new keys go below the last comment',
      'outs:\n- path: a\n# end\n',
      'outs:\n- path: a\n# end\n  md5: new\n',
    ],
    [
      'a block text keeps its empty lines',
      'desc: |+\n  a\n\n\nouts:\n- md5: old\n',
      'desc: |+\n  a\n\n\nouts:\n- md5: new\n',
    ],
    [
      'long brackets are broken',
      `meta: [${'label, '.repeat(14)}{a: 1}]\nouts:\n- md5: old\n`,
      `meta: [${'label, '.repeat(10)}label,\n  label, label, label, a: 1]\nouts:\n- md5: new\n`,
    ],
    [
      'an empty item keeps the space behind its dash',
      'meta:\n  - ~\n  -   b\nouts:\n- md5: old\n',
      'meta:\n- \n- b\nouts:\n- md5: new\n',
    ],
  ])('updates as ruamel does: %s', (_, before, after) => {
    const { root, top } = parseYaml(before);
    const data = fromYaml(root);
    const [out] = (data as { outs: Record<string, string | number>[] }).outs;
    out!.md5 = 'new';
    delete out!.nfiles;
    expect(emitYaml({ root: update(root, data), top })).toBe(after);
  });

  it.each([
    [
      'aliases that multiply',
      `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join('')}`,
    ],
    ['aliases of themselves', 'a: &a [*a]\n'],
    ['a key twice', 'a: 1\nb: 2\na: 3\n'],
    ['a key twice in braces', 'x: {a: 1, a: 1}\n'],
  ])('refuses %s', (_, text) => {
    expect(() => parseYaml(text)).toThrow();
  });

  it('reads merged mappings: earlier ones win, own entries win over all', () => {
    const text = 'a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nc: {<<: [*a, *b], l: 3}\n';
    expect(fromYaml(parseYaml(text).root)).toMatchObject({ c: { k: 1, m: 2, l: 3 } });
  });
});
