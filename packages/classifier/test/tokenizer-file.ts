/** The special tokens, whose ids are 0 to 4 in every file made here. */
export const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** An entry of `added_tokens`, a special token unless told otherwise. */
export const addedToken = (content: string, id: number, more = {}) => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ...more,
});

/** A tokenizer.json as Hugging Face writes one, uncased unless `normalizer` says otherwise. */
export const tokenizerFile = (pieces: string[], normalizer = {}, more = {}) => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: special.map((content, id) => addedToken(content, id)),
  normalizer: {
    ...{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null },
    ...{ lowercase: true, ...normalizer },
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    ...{
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
    },
    vocab: Object.fromEntries([...new Set([...special, ...pieces])].map((piece, id) => [piece, id])),
  },
  ...more,
});
