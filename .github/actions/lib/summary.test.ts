import { expect, it } from 'vitest';
import { bytes, code, duration, failure, shortDigest, table } from './summary.ts';

it('writes tables that hold any text', () => {
  expect(
    table(
      ['What', 'Value'],
      [
        ['a|b', 'two\nlines'],
        ['code', code('x`y')],
      ],
    ),
  ).toMatchInlineSnapshot(`
    "| What | Value |
    | --- | --- |
    | a\\|b | two<br>lines |
    | code | \`\`x\`y\`\` |"
  `);
});

it('fences code longer than any backticks inside', () => {
  expect(code('plain')).toBe('`plain`');
  expect(code('a`b')).toBe('``a`b``');
  expect(code('`a``')).toBe('``` `a`` ```');
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [45_800_000, '45.8 MB'],
  [2e15, '2000.0 TB'],
])('%i bytes read %s', (size, words) => expect(bytes(size)).toBe(words));

it.each([
  [0.4, '0 ms'],
  [340, '340 ms'],
  [2_340, '2.3 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 0 s'],
  [245_000, '4 min 5 s'],
])('%d ms read %s', (ms, words) => expect(duration(ms)).toBe(words));

it('shortens digests of both shapes', () => {
  expect(shortDigest(`repo@sha256:${'ab'.repeat(32)}`)).toBe('`abababababab`');
  expect(shortDigest('ab'.repeat(32))).toBe('`abababababab`');
});

it('shows a failure verbatim, even one that holds a fence', () => {
  expect(failure('deploy-lambda', 'It failed.\n```\nHint')).toMatchInlineSnapshot(`
    "### ❌ deploy-lambda failed

    \`\`\`\`text
    It failed.
    \`\`\`
    Hint
    \`\`\`\`
    "
  `);
});
