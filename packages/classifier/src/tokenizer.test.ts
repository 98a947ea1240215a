import fc from 'fast-check';
import { Tokenizer as Rust } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { addedToken, special, tokenizerFile } from '../test/tokenizer-file.ts';
import { BundleError } from './errors.ts';
import { parseTokenizer } from './tokenizer.ts';

/** Pieces of many scripts, so that a fuzz meets known words, known parts of words and unknown ones. */
const pieces = [
  ...special,
  ...'abcdefghijklmnopqrstuvwxyz0123456789.,!?$-\'"@#/:()[]αβσςλжщя日本語中文カ한ᄒ가ा'.split(''),
  ...'abcdefghijklmnopqrstuvwxyzéßσςжяのᅡ'.split('').map((letter) => `##${letter}`),
  ...[
    'the',
    '##the',
    'free',
    '##dom',
    'win',
    '##ner',
    '##ing',
    'un',
    '##believ',
    '##able',
    'straße',
    '𝒳',
    '##𝒳',
  ],
  ...['i̇', '##̇', '“', '—', '…', '€', '👍', '##👍', '\u200d', 'ﷺ', '𠀀', 'ǆ'],
];
const fileWith = (normalizer = {}, more = {}) => tokenizerFile(pieces, normalizer, more);

/** The package numbers added tokens on from the vocabulary, and so the files it writes do. */
const first = new Set(pieces).size;

const variants = {
  uncased: fileWith(),
  cased: fileWith({ lowercase: false, strip_accents: false }),
  'lowercase with accents': fileWith({ strip_accents: false }),
  'unclean, ideographs whole': fileWith({ clean_text: false, handle_chinese_chars: false }),
  'no normaliser': fileWith({}, { normalizer: null }),
  'no special tokens around': fileWith({}, { post_processor: null }),
  'added tokens': fileWith(
    {},
    {
      added_tokens: [
        ...special.map((content, id) => addedToken(content, id)),
        addedToken('winning', first, { single_word: true, special: false }),
        addedToken('[SEP]s', first + 1),
        addedToken('WIN', first + 2, { normalized: true, special: false }),
        addedToken('to win', first + 3, { normalized: true, special: false }),
        addedToken('<url>', first + 4, { lstrip: true, rstrip: true }),
      ],
    },
  ),
};

/** Parts that have caught a tokenizer out before, any code point, and words of the vocabulary. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...pieces,
        ...special,
        'winning',
        'winnings',
        'to Win',
        '<url>',
        '[SEP]s',
        ' ',
        '\n',
        '\u00a0',
        '\u3000',
      ),
      fc.constantFrom(
        'É',
        'é',
        'e\u0301',
        'İ',
        'ΑΣ',
        'ΑΣΑ',
        'Σ',
        '한국',
        '𠀀𪛖',
        '\u0085',
        '\ufeff',
        '\0',
        '\ud800',
        '\udc00',
        '\ufffd',
      ),
      fc.constantFrom(
        'a\u0315\u0300',
        '\u1133b',
        'x'.repeat(100),
        'x'.repeat(101),
        '𝒳'.repeat(100),
        '𝒳'.repeat(101),
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('ids are those of the Rust tokenizers package', () => {
  for (const [name, file] of Object.entries(variants))
    it(name, async () => {
      const ours = parseTokenizer(file);
      const theirs = Rust.fromString(JSON.stringify(file));
      const texts = fc.sample(anyText, { numRuns: 4000, seed: 20261120 });
      const expected = await theirs.encodeBatch(texts);
      for (const [i, text] of texts.entries())
        expect([...ours.encode(text, 100_000).ids], JSON.stringify(text)).toEqual(expected[i]!.getIds());
    });

  it('cut to a maximum, and the cut is reported', async () => {
    const file = fileWith();
    const ours = parseTokenizer(file);
    const theirs = Rust.fromString(JSON.stringify(file));
    for (const text of fc.sample(anyText, { numRuns: 500, seed: 7 })) {
      const whole = (await theirs.encode(text)).getLength();
      for (const most of [3, 4, 9, 16]) {
        theirs.setTruncation(most);
        const { ids, truncated } = ours.encode(text, most);
        expect([...ids]).toEqual((await theirs.encode(text)).getIds());
        expect(truncated).toBe(whole > most);
      }
      theirs.disableTruncation();
    }
  });
});

it('a text of nothing but marks takes no longer than another', () => {
  const tokenizer = parseTokenizer(fileWith());
  // Put in order all at once, these would keep a process busy for half a minute.
  const marks = '\u0301\u0316'.repeat(200_000);
  expect(tokenizer.encode(`the ${marks}`, 8)).toEqual(tokenizer.encode('the', 8));
}, 10_000);

it('reads as much of a long text as it keeps', () => {
  const { ids, truncated } = parseTokenizer(fileWith()).encode('free winner! '.repeat(1_000_000), 16);
  expect(ids.length).toBe(16);
  expect(truncated).toBe(true);
});

it('knows its padding, its unknown token and how many rows an embedding needs', () => {
  const tokenizer = parseTokenizer(variants['added tokens']);
  expect(tokenizer).toMatchObject({ padId: 0, unknownId: 1, vocabularySize: first + 5 });
});

describe('what it does not support is named', () => {
  const wordPiece = fileWith();
  it.each([
    [null, 'the tokenizer must be an object'],
    [{ ...wordPiece, model: { type: 'BPE' } }, 'model.type is "BPE". Only WordPiece is supported'],
    [{ ...wordPiece, pre_tokenizer: null }, 'pre_tokenizer.type is missing'],
    [{ ...wordPiece, normalizer: { type: 'NFKC' } }, 'normalizer.type is "NFKC"'],
    [
      { ...wordPiece, model: { ...wordPiece.model, unk_token: '[NONE]' } },
      'model.unk_token is "[NONE]", which has no id',
    ],
    [
      { ...wordPiece, model: { ...wordPiece.model, vocab: { a: -1 } } },
      'model.vocab["a"] must be a whole number from 0',
    ],
  ])('%#', (file, message) => {
    expect(() => parseTokenizer(file)).toThrow(BundleError);
    expect(() => parseTokenizer(file)).toThrow(message);
  });

  it('whatever the file holds, it is a BundleError', () => {
    const mangled = fc.tuple(fc.constantFrom(...Object.keys(wordPiece)), fc.jsonValue());
    fc.assert(
      fc.property(mangled, fc.jsonValue(), ([key, value], other) => {
        for (const file of [{ ...wordPiece, [key]: value }, other])
          try {
            parseTokenizer(file).encode('free', 8);
          } catch (error) {
            expect(error).toBeInstanceOf(BundleError);
          }
      }),
    );
  });
});
