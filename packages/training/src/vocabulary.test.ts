import { parseTokenizer } from '@mainline/classifier';
import fc from 'fast-check';
import { Tokenizer } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { mergePairs } from './pairs.ts';
import { learnWordPiece } from './vocabulary.ts';

const texts = [
  'The lowest lower low newest newer new wide wider widest.',
  "The café's naïve résumé: 100% déjà-vu!",
  'Die größte Straße führt über Zürich; 日本語の文章 und ein 🎉.',
].flatMap((text) => Array.from({ length: 6 }, () => text));
const options = { size: 200, lowercase: true };

describe('learnWordPiece', () => {
  it('writes a tokenizer.json that Hugging Face loads, and gives the ids our tokenizer gives', async () => {
    const json = learnWordPiece(texts, options);
    const theirs = Tokenizer.fromString(JSON.stringify(json));
    const ours = parseTokenizer(json);
    const samples = [
      ...texts,
      '',
      'unseen words: xylophone, 한국어',
      'a\u0000b\tc\u00a0d',
      `x${'y'.repeat(120)}`,
    ];
    for (const text of samples) {
      const encoding = await theirs.encode(text);
      expect([...ours.encode(text, 10_000).ids], text).toEqual([...encoding.getIds()]);
    }
  });

  it('agrees with Hugging Face on any text', async () => {
    const json = learnWordPiece(texts, options);
    const theirs = Tokenizer.fromString(JSON.stringify(json));
    const ours = parseTokenizer(json);
    const piece = fc.constantFrom(...new Set(texts.join(' ')), '[', 'SEP', ']', '\u0301', 'Σ');
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const text = pieces.join('');
        const encoding = await theirs.encode(text);
        expect([...ours.encode(text, 10_000).ids]).toEqual([...encoding.getIds()]);
      }),
    );
  });

  it('does not depend on the order of the texts', () => {
    expect(JSON.stringify(learnWordPiece([...texts].reverse(), options))).toBe(
      JSON.stringify(learnWordPiece(texts, options)),
    );
  });

  it('keeps capitals and accents when it is not lower-case', () => {
    const ours = parseTokenizer(learnWordPiece(texts, { size: 200, lowercase: false }));
    expect(ours.encode('Café', 9).ids).not.toEqual(ours.encode('cafe', 9).ids);
    expect([...ours.encode('Zürich', 9).ids]).not.toContain(ours.unknownId);
  });

  it('never holds more entries than asked for, and no unknown word if there is room for the letters', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-d]{1,6}$/), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 8, max: 60 }),
        (words, size) => {
          const ours = parseTokenizer(
            learnWordPiece(
              words.flatMap((word) => Array(5).fill(word)),
              { size, lowercase: true },
            ),
          );
          expect(ours.vocabularySize).toBeLessThanOrEqual(size);
          if (size < 5 + 8) return;
          for (const word of words) expect([...ours.encode(word, 20).ids]).not.toContain(ours.unknownId);
        },
      ),
    );
  });

  it('keeps the most frequent characters when there is no room for all', () => {
    const ours = parseTokenizer(
      learnWordPiece(['e '.repeat(50), 'q '.repeat(5)], { size: 6, lowercase: true }),
    );
    expect(ours.vocabularySize).toBe(6);
    expect([...ours.encode('e', 9).ids]).not.toContain(ours.unknownId);
    expect([...ours.encode('q', 9).ids]).toContain(ours.unknownId);
  });
});

describe('mergePairs', () => {
  const spell = (word: string, count: number) => ({
    pieces: Array.from(word, (letter, i) => (i ? `##${letter}` : letter)),
    count,
  });

  it('merges the most frequent pair each time, as computed by hand', () => {
    // a+b 11, then d+c 5, then ab+c 4 (b+c has become that), then dc+e 2.
    const words = [spell('ab', 7), spell('abc', 4), spell('dc', 3), spell('dce', 2)];
    const alphabet = ['a', 'd', '##b', '##c', '##e'];
    expect(mergePairs(words, alphabet, 100, '##').slice(5)).toEqual(['ab', 'dc', 'abc', 'dce']);
    expect(mergePairs(words, alphabet, 7, '##').slice(5)).toEqual(['ab', 'dc']);
  });

  it('stops when no pair occurs twice', () => {
    expect(mergePairs([spell('ab', 1)], ['a', '##b'], 100, '##')).toEqual(['a', '##b']);
  });

  it('leaves words with an unknown piece alone', () => {
    expect(mergePairs([spell('xab', 9)], ['a', '##a', '##b'], 100, '##')).toHaveLength(3);
  });
});
