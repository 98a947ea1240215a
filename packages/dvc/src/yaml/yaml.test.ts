import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emitYaml, stringifyYaml } from './emit.ts';
import { fromYaml, parseYaml, update } from './tree.ts';

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
  isexec: true
# end comment

# end 2
`;
    const { root, below } = parseYaml(before);
    const data = fromYaml(root);
    const [out] = (data as { outs: Record<string, string | number | boolean>[] }).outs;
    Object.assign(out!, { md5: '0cc175b9c0f1b6a831c399e269772661', size: 1, isexec: true });
    expect(emitYaml({ root: update(root, data), below })).toBe(after);
  });
});
