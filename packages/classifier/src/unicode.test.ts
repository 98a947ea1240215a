import { bertNormalizer, bertPreTokenizer } from 'tokenizers';
import { expect, it } from 'vitest';
import { normalize, splitWords } from './normalize.ts';

/** Every code point in company, so that what it does to its neighbours shows too: marks are put in order, for one. */
function* everyCharacter(): Generator<{ page: string; text: string }> {
  for (let first = 0; first < 0x110000; first += 256) {
    let text = '';
    for (let code = first; code < first + 256; code++) {
      const character = String.fromCodePoint(code);
      text += `a${character}b ${character}\u0334 \u0345${character}Σ `;
    }
    // A lone surrogate can't cross into Rust as anything but U+FFFD.
    yield { page: `U+${first.toString(16)}`, text: text.toWellFormed() };
  }
}

const off = { cleanText: false, splitIdeographs: false, stripAccents: false, lowercase: false };
const rustOff = { cleanText: false, handleChineseChars: false, stripAccents: false, lowercase: false };

for (const [ours, theirs] of [
  ['cleanText', 'cleanText'],
  ['splitIdeographs', 'handleChineseChars'],
  ['stripAccents', 'stripAccents'],
  ['lowercase', 'lowercase'],
] as const)
  it(`${ours} does to every code point what the Rust package does`, () => {
    const oracle = bertNormalizer({ ...rustOff, [theirs]: true });
    for (const { page, text } of everyCharacter())
      expect(normalize(text, { ...off, [ours]: true }), page).toBe(oracle.normalizeString(text));
  });

it('words are cut at every code point where the Rust package cuts them', () => {
  const oracle = bertPreTokenizer();
  for (const { page, text } of everyCharacter())
    expect(splitWords(text).join('\n'), page).toBe(
      oracle
        .preTokenizeString(text)
        .map(([word]) => word)
        .join('\n'),
    );
});
