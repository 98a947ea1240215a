import { Tokenizer as Rust } from 'tokenizers';
import { expect, it } from 'vitest';
import { tokenizerFile } from '../test/tokenizer-file.ts';
import { parseTokenizer } from './tokenizer.ts';

/** A small seeded generator (mulberry32): the same strings in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** One code point in eleven is a piece at a word's start and within it: what becomes of a character shows in the ids. */
function* pieces(): Generator<string> {
  for (let code = 0x21; code < 0x110000; code += 11)
    if (code < 0xd800 || code > 0xdfff) {
      yield String.fromCodePoint(code);
      yield `##${String.fromCodePoint(code)}`;
    }
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    yield letter;
    yield `##${letter}`;
  }
  yield* ['the', '##the', 'un', '##able', '##ing', 'σας', '##ας', 'é', '##é', '한', '##ᆫ'];
}

const whole = [
  'the',
  'THE',
  'unable',
  'ΟΔΟΣ',
  '[SEP]',
  '[MASK]',
  'é',
  'e\u0301',
  'İ',
  '한국',
  '\u0301',
  '\u0323\u0307',
  'x'.repeat(101),
];

function makeText(next: (below: number) => number): string {
  let text = '';
  for (let parts = next(14); parts >= 0; parts--) {
    const kind = next(16);
    if (kind < 4) text += ' \t\n \u00a0\u3000'[next(6)];
    else if (kind < 6) text += whole[next(whole.length)];
    else if (kind < 8) text += String.fromCodePoint(0x21 + next(0x5e));
    else if (kind < 11) text += String.fromCodePoint(next(0x3000));
    else if (kind < 13) text += String.fromCodePoint(next(0x20000));
    else if (kind < 15) text += String.fromCodePoint(0x21 + 11 * next(101_000));
    else text += String.fromCodePoint(next(0x110000));
  }
  return text.toWellFormed();
}

for (const [seed, lowercase] of [
  [1, true],
  [2, false],
] as const)
  it(`100,000 strings over all of Unicode have the Rust package's ids, ${lowercase ? 'uncased' : 'cased'}`, async () => {
    const file = tokenizerFile([...pieces()], { lowercase });
    const ours = parseTokenizer(file);
    const theirs = Rust.fromString(JSON.stringify(file));
    const next = random(seed);
    for (let batch = 0; batch < 100; batch++) {
      const texts = Array.from({ length: 1000 }, () => makeText(next));
      const expected = (await theirs.encodeBatch(texts)).map((encoding) => encoding.getIds());
      for (const [i, text] of texts.entries()) {
        const { ids } = ours.encode(text, 100_000);
        if (ids.join() !== expected[i]!.join()) expect([...ids], JSON.stringify(text)).toEqual(expected[i]);
      }
    }
  }, 120_000);
