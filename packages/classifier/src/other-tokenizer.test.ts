import { Tokenizer as Rust } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { UnsupportedTokenizer } from './errors.ts';
import { openOtherTokenizer } from './other-tokenizer.ts';

const special = ['<s>', '<pad>', '</s>', '<unk>'];
const addedTokens = special.map((content, id) => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
}));
const shared = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: addedTokens,
  normalizer: null,
};

/** Byte-level BPE as RoBERTa has it; Ġ is a space. */
const merges = ['f r', 'e e', 'fr ee', 'Ġ w', 'i n', 'Ġw in', 'e r', 'n er'];
const bpe = {
  ...shared,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: {
    type: 'RobertaProcessing',
    sep: ['</s>', 2],
    cls: ['<s>', 0],
    trim_offsets: true,
    add_prefix_space: false,
  },
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    ...{
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
    },
    ...{ fuse_unk: false, byte_fallback: false, ignore_merges: false },
    vocab: Object.fromEntries(
      [
        ...special,
        ...'abcdefghijklmnopqrstuvwxyzĠ!.,0123456789',
        'Ã',
        '©',
        ...merges.map((merge) => merge.replace(' ', '')),
      ].map((token, id) => [token, id]),
    ),
    merges,
  },
};

/** Unigram as XLM-RoBERTa has it; ▁ is a space. */
const unigram = {
  ...shared,
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '<s>', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '</s>', type_id: 0 } },
    ],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 0 } }],
    special_tokens: {
      '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] },
      '</s>': { id: '</s>', ids: [2], tokens: ['</s>'] },
    },
  },
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  model: {
    ...{ type: 'Unigram', unk_id: 3, byte_fallback: false },
    vocab: [
      ...special.map((token) => [token, 0]),
      ...[...'▁abcdefghijklmnopqrstuvwxyz!.é'].map((letter, i) => [letter, -5 - i / 10]),
      ['▁free', -2],
      ['▁win', -2.5],
      ['ner', -3],
    ],
  },
};

const texts = [
  '',
  'free',
  'free winner!',
  'a free   win ner',
  'é',
  '日本',
  'free '.repeat(20).trim(),
  '<s> free',
];

describe.each([
  ['byte-level BPE', bpe],
  ['Unigram', unigram],
])('%s', (_, file) => {
  const theirs = Rust.fromString(JSON.stringify(file));
  const ours = openOtherTokenizer(file);

  it.each(texts)("has the Rust package's ids for %j", async (text) => {
    expect([...ours.encode(text, 1000).ids]).toEqual((await theirs.encode(text)).getIds());
  });

  it('is cut with its special tokens kept, and says so', async () => {
    const { ids, truncated } = ours.encode('free winner! free winner!', 5);
    theirs.setTruncation(5);
    expect([...ids]).toEqual((await theirs.encode('free winner! free winner!')).getIds());
    expect(truncated).toBe(true);
    theirs.disableTruncation();
    expect(ours.encode('free '.repeat(200_000), 16)).toMatchObject({ truncated: true });
  });

  it('knows its ids', () => {
    expect(ours).toMatchObject({ padId: 1, unknownId: 3 });
    const size = Array.isArray(file.model.vocab)
      ? file.model.vocab.length
      : Object.keys(file.model.vocab).length;
    expect(ours.vocabularySize).toBe(size);
  });
});

it('without special tokens, an empty text is one of padding: no model reads none', () => {
  const bare = openOtherTokenizer({ ...bpe, post_processor: null });
  expect([...bare.encode('', 8).ids]).toEqual([1]);
  expect([...bare.encode('a', 8).ids]).toHaveLength(1);
});

it('what the library does not read either is named', () => {
  for (const file of [null, {}, { model: { type: 'Mine' } }])
    expect(() => openOtherTokenizer(file)).toThrow(UnsupportedTokenizer);
});
