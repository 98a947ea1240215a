import { normalize, splitWords } from '@mainline/classifier';
import { mergePairs } from './pairs.ts';

const SPECIALS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
const PREFIX = '##';
// A longer word is nearly always a line of an encoded attachment; the tokenizer itself gives up at 100.
const MAX_WORD_CHARS = 40;
// A word with a rarer character becomes [UNK]: thousands of ideographs occur once or twice.
const MIN_CHAR_COUNT = 5;

/**
 * Learns a WordPiece vocabulary of at most `size` entries and returns it as a Hugging Face tokenizer.json (BERT's
 * normaliser, pre-tokeniser and template). Starts from single characters and merges the most frequent pair of
 * neighbours until the vocabulary is full (BPE, Sennrich et al. 2016, as `WordPieceTrainer` does). Deterministic,
 * whatever the order of the texts.
 */
export function learnWordPiece(
  texts: Iterable<string>,
  options: { size: number; lowercase: boolean },
): object {
  const words = countWords(texts, options.lowercase);
  const characters = new Map<string, number>();
  const spelt = words.map(([word, count]) => {
    const pieces = Array.from(word, (character, i) => (i === 0 ? character : PREFIX + character));
    for (const piece of pieces) characters.set(piece, (characters.get(piece) ?? 0) + count);
    return { pieces, count };
  });
  const alphabet = [...characters].filter(([, count]) => count >= MIN_CHAR_COUNT).map(([piece]) => piece);
  alphabet.sort();
  const room = options.size - SPECIALS.length;
  const known = alphabet.length <= room ? alphabet : mostFrequent(alphabet, characters, room);
  return tokenizerJson([...SPECIALS, ...mergePairs(spelt, known, room, PREFIX)], options.lowercase);
}

/** Distinct words as the tokenizer cuts them, in a fixed order, with how often each occurs. */
function countWords(texts: Iterable<string>, lowercase: boolean): [string, number][] {
  const normalization = { cleanText: true, splitIdeographs: true, stripAccents: lowercase, lowercase };
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of splitWords(normalize(text, normalization))) {
      if (word.length <= MAX_WORD_CHARS) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function mostFrequent(pieces: string[], counts: Map<string, number>, room: number): string[] {
  return pieces.toSorted((a, b) => counts.get(b)! - counts.get(a)!).slice(0, room);
}

function tokenizerJson(vocabulary: string[], lowercase: boolean): object {
  const idOf = (token: string) => vocabulary.indexOf(token);
  const special = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIALS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [
        special('[CLS]'),
        { Sequence: { id: 'A', type_id: 0 } },
        special('[SEP]'),
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: Object.fromEntries(
        ['[CLS]', '[SEP]'].map((token) => [token, { id: token, ids: [idOf(token)], tokens: [token] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: PREFIX, cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: PREFIX,
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    },
  };
}
