import { BundleError, UnsupportedTokenizer } from './errors.ts';
import type { Normalization } from './normalize.ts';

/** The parts of a Hugging Face tokenizer.json that decide a WordPiece tokenizer's ids. */
export interface TokenizerFile {
  vocabulary: [token: string, id: number][];
  unknownId: number;
  padId: number;
  /** Written before a piece that goes on a word, "##" as a rule. */
  continuingPrefix: string;
  /** A longer word, in code points, is unknown as a whole. */
  longestWord: number;
  normalization: Normalization;
  addedTokens: AddedToken[];
  /** Ids put before and after every text. */
  before: number[];
  after: number[];
}

/** A token found in the text as it stands, before any word is cut. */
export interface AddedToken {
  content: string;
  id: number;
  /** Counts only where no letter or digit touches it. */
  singleWord: boolean;
  /** Is looked for in the normalised text. */
  normalized: boolean;
}

const asIs: Normalization = {
  cleanText: false,
  splitIdeographs: false,
  stripAccents: false,
  lowercase: false,
};

/** Reads a parsed tokenizer.json; throws a BundleError that names what isn't a BERT-style WordPiece tokenizer. */
export function readTokenizerFile(json: unknown): TokenizerFile {
  const file = fields(json, 'the tokenizer');
  const model = fields(file.model, 'model');
  if (model.type !== 'WordPiece') unsupported('model.type', model.type, 'WordPiece');
  const split = fields(file.pre_tokenizer ?? {}, 'pre_tokenizer').type;
  if (split !== 'BertPreTokenizer') unsupported('pre_tokenizer.type', split, 'BertPreTokenizer');
  const vocabulary = readVocabulary(model.vocab);
  const addedTokens = list(file.added_tokens ?? [], 'added_tokens').map(readAddedToken);
  const ids = new Map([...vocabulary, ...addedTokens.map(({ content, id }) => [content, id] as const)]);
  const idOf = (token: unknown, field: string): number =>
    ids.get(text(token, field)) ?? fail(`${field} is ${JSON.stringify(token)}, which has no id`);
  const padding = fields(file.padding ?? {}, 'padding');
  return {
    vocabulary,
    unknownId: idOf(model.unk_token, 'model.unk_token'),
    padId: 'pad_id' in padding ? id(padding.pad_id, 'padding.pad_id') : (ids.get('[PAD]') ?? 0),
    continuingPrefix: text(model.continuing_subword_prefix ?? '##', 'model.continuing_subword_prefix'),
    longestWord: id(model.max_input_chars_per_word ?? 100, 'model.max_input_chars_per_word'),
    normalization: readNormalizer(file.normalizer ?? null),
    addedTokens,
    ...readPostProcessor(file.post_processor ?? null),
  };
}

type Fields = Record<string, unknown>;

/** Longer entries than any real vocabulary holds would only slow every lookup down. */
const longestToken = 512;

function readVocabulary(value: unknown): [string, number][] {
  const entries = Object.entries(fields(value, 'model.vocab'));
  for (const [token, number] of entries) {
    id(number, `model.vocab[${JSON.stringify(token)}]`);
    if (token.length > longestToken) fail(`model.vocab has a token of ${token.length} characters`);
  }
  return entries as [string, number][];
}

function readAddedToken(value: unknown, index: number): AddedToken {
  const token = fields(value, `added_tokens[${index}]`);
  return {
    content: text(token.content, `added_tokens[${index}].content`),
    id: id(token.id, `added_tokens[${index}].id`),
    singleWord: token.single_word === true,
    normalized: token.normalized === true,
  };
}

function readNormalizer(value: unknown): Normalization {
  if (value === null) return asIs;
  const normalizer = fields(value, 'normalizer');
  if (normalizer.type !== 'BertNormalizer') unsupported('normalizer.type', normalizer.type, 'BertNormalizer');
  const on = (field: string): boolean => normalizer[field] !== false;
  return {
    cleanText: on('clean_text'),
    splitIdeographs: on('handle_chinese_chars'),
    // Left open, accents go with the capitals.
    stripAccents: typeof normalizer.strip_accents === 'boolean' ? normalizer.strip_accents : on('lowercase'),
    lowercase: on('lowercase'),
  };
}

/** The ids that a tokenizer.json's post-processor puts around a text. */
export function readPostProcessor(value: unknown): { before: number[]; after: number[] } {
  if (value === null) return { before: [], after: [] };
  const processor = fields(value, 'post_processor');
  if (processor.type === 'BertProcessing' || processor.type === 'RobertaProcessing') {
    const special = (field: string): number[] => [
      id(list(processor[field], field)[1], `post_processor.${field}`),
    ];
    return { before: special('cls'), after: special('sep') };
  }
  if (processor.type !== 'TemplateProcessing')
    unsupported(
      'post_processor.type',
      processor.type,
      'TemplateProcessing, BertProcessing or RobertaProcessing',
    );
  const template = list(processor.single, 'post_processor.single').map((part) =>
    fields(part, 'post_processor.single'),
  );
  const special = fields(processor.special_tokens ?? {}, 'post_processor.special_tokens');
  const at = template.findIndex((part) => 'Sequence' in part);
  if (at < 0) fail('post_processor.single has no place for the text');
  const idsOf = (parts: Fields[]): number[] =>
    parts.flatMap((part) => {
      const name = text(fields(part.SpecialToken, 'post_processor.single').id, 'post_processor.single');
      const token = fields(special[name], `post_processor.special_tokens[${JSON.stringify(name)}]`);
      return list(token.ids, 'post_processor.special_tokens').map((value) =>
        id(value, 'post_processor.special_tokens'),
      );
    });
  return { before: idsOf(template.slice(0, at)), after: idsOf(template.slice(at + 1)) };
}

function fail(problem: string, hint?: string): never {
  throw new BundleError('tokenizer.json', problem, hint ? { hint } : undefined);
}

function unsupported(field: string, value: unknown, supported: string): never {
  throw new UnsupportedTokenizer(`${field} is ${JSON.stringify(value) ?? 'missing'}`, {
    hint: `Only ${supported} is supported`,
  });
}

function fields(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(`${field} must be an object`);
  return value as Fields;
}

function list(value: unknown, field: string): unknown[] {
  return Array.isArray(value) ? value : fail(`${field} must be a list`);
}

function text(value: unknown, field: string): string {
  return typeof value === 'string' ? value : fail(`${field} must be a text`);
}

function id(value: unknown, field: string): number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
    ? (value as number)
    : fail(`${field} must be a whole number from 0`);
}
