import { type CompiledTokenizer, compile } from './compiled-tokenizer.ts';
import { type Normalization, normalize, splitWords } from './normalize.ts';
import { type AddedToken, readTokenizerFile } from './tokenizer-file.ts';
import { Vocabulary } from './vocabulary.ts';

/** Text to token ids, the ones the Rust `tokenizers` package gives. */
export interface Tokenizer {
  /** Ids with the special tokens around them, at most `maxTokens`; says whether some of the text is missing. */
  encode(text: string, maxTokens: number): { ids: Int32Array; truncated: boolean };
  /** Rows that a model's embedding table needs: one more than the highest id. */
  vocabularySize: number;
  padId: number;
  unknownId: number;
}

/** Makes a tokenizer of a parsed Hugging Face tokenizer.json (WordPiece); throws a BundleError on any other. */
export function parseTokenizer(json: unknown): Tokenizer {
  return openTokenizer(compile(readTokenizerFile(json)));
}

/** Makes a tokenizer of a compiled one. */
export function openTokenizer(compiled: CompiledTokenizer): Tokenizer {
  return new WordPiece(compiled);
}

/** A text in parts: what stands between added tokens, and the added tokens' ids. */
type Part = string | number;

class WordPiece implements Tokenizer {
  readonly vocabularySize: number;
  readonly padId: number;
  readonly unknownId: number;
  readonly #vocabulary: Vocabulary;
  readonly #normalization: Normalization;
  readonly #longestWord: number;
  readonly #before: number[];
  readonly #after: number[];
  readonly #splitRaw: (text: string) => Iterable<Part>;
  readonly #splitNormalized: ((text: string) => Iterable<Part>) | undefined;

  constructor(file: CompiledTokenizer) {
    this.vocabularySize = file.vocabularySize;
    this.padId = file.padId;
    this.unknownId = file.unknownId;
    this.#vocabulary = new Vocabulary(file.table, file.continuingPrefix);
    this.#normalization = file.normalization;
    this.#longestWord = file.longestWord;
    this.#before = file.before;
    this.#after = file.after;
    const normalized = file.addedTokens
      .filter((token) => token.normalized)
      .map((token) => ({ ...token, content: normalize(token.content, file.normalization) }));
    this.#splitRaw = splitterOn(file.addedTokens.filter((token) => !token.normalized));
    this.#splitNormalized = normalized.length ? splitterOn(normalized) : undefined;
  }

  encode(text: string, maxTokens: number): { ids: Int32Array; truncated: boolean } {
    const room = maxTokens - this.#before.length - this.#after.length;
    if (room < 1) throw new RangeError(`maxTokens is ${maxTokens}: no room for a token of the text`);
    const ids: number[] = [];
    for (const part of this.#splitRaw(text)) {
      if (typeof part === 'number') ids.push(part);
      else if (this.#splitNormalized) this.#normalizeWhole(part, room, ids);
      else this.#encodeChunks(part, room, ids);
      if (ids.length > room) break;
    }
    const truncated = ids.length > room;
    if (truncated) ids.length = room;
    const all = new Int32Array(this.#before.length + ids.length + this.#after.length);
    all.set(this.#before);
    all.set(ids, this.#before.length);
    all.set(this.#after, this.#before.length + ids.length);
    return { ids: all, truncated };
  }

  /** Goes from blank to blank, so that a long text costs no more than the tokens that are kept of it. */
  #encodeChunks(text: string, room: number, ids: number[]): void {
    let at = 0;
    while (at < text.length && ids.length <= room) {
      while (at < text.length && isBlank(text.charCodeAt(at))) at++;
      const start = at;
      let plain = true;
      for (; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (isBlank(code)) break;
        if (code < 0x21 || code > 0x7e) plain = false;
      }
      if (at === start) break;
      const chunk = text.slice(start, at);
      if (plain) this.#encodePlain(this.#normalization.lowercase ? chunk.toLowerCase() : chunk, room, ids);
      else this.#encodeWords(normalize(chunk, this.#normalization), room, ids);
    }
  }

  /** Printable ASCII: nothing to normalise but capitals, and punctuation is a table. */
  #encodePlain(chunk: string, room: number, ids: number[]): void {
    let start = 0;
    for (let at = 0; at <= chunk.length && ids.length <= room; at++) {
      const punctuation = at < chunk.length && isPunctuation(chunk.charCodeAt(at));
      if (at < chunk.length && !punctuation) continue;
      if (at > start) this.#encodeWord(chunk, start, at, ids);
      if (punctuation) this.#encodeWord(chunk, at, at + 1, ids);
      start = at + 1;
    }
  }

  #encodeWords(normalized: string, room: number, ids: number[]): void {
    for (const word of splitWords(normalized)) {
      this.#encodeWord(word, 0, word.length, ids);
      if (ids.length > room) return;
    }
  }

  #normalizeWhole(text: string, room: number, ids: number[]): void {
    for (const part of this.#splitNormalized!(normalize(text, this.#normalization)))
      if (typeof part === 'number') ids.push(part);
      else this.#encodeWords(part, room, ids);
  }

  #encodeWord(text: string, start: number, end: number, ids: number[]): void {
    const kept = ids.length;
    let at = this.#isTooLong(text, start, end) ? -1 : start;
    while (at >= 0 && at < end) {
      const id = this.#vocabulary.find(text, at, end, at > start);
      if (id < 0) at = -1;
      else {
        ids.push(id);
        at += this.#vocabulary.length;
      }
    }
    if (at >= 0) return;
    // One part without a piece makes the whole word unknown.
    ids.length = kept;
    ids.push(this.unknownId);
  }

  #isTooLong(text: string, start: number, end: number): boolean {
    if (end - start <= this.#longestWord) return false;
    if (end - start > this.#longestWord * 2) return true;
    return [...text.slice(start, end)].length > this.#longestWord;
  }
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

const isPunctuation = (code: number): boolean =>
  code < 0x30 || (code > 0x39 && code < 0x41) || (code > 0x5a && code < 0x61) || code > 0x7a;

/** Cuts a text at the leftmost, longest of the tokens, as the package's Aho-Corasick automaton does. */
function splitterOn(tokens: AddedToken[]): (text: string) => Iterable<Part> {
  const ids = new Map(tokens.filter(({ content }) => content !== '').map((token) => [token.content, token]));
  if (!ids.size) return (text) => [text];
  const contents = [...ids.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(contents.map((content) => RegExp.escape(content)).join('|'), 'gu');
  return (text) => (text.search(pattern) < 0 ? [text] : split(text));

  function* split(text: string): Generator<Part> {
    let start = 0;
    for (const match of text.matchAll(pattern)) {
      const token = ids.get(match[0])!;
      const end = match.index + match[0].length;
      if (token.singleWord && touchesWord(text, match.index, end)) continue;
      if (match.index > start) yield text.slice(start, match.index);
      yield token.id;
      start = end;
    }
    if (start < text.length) yield text.slice(start);
  }
}

/** Written out here, not once for the module: a start would pay for them, and few tokenizers ask. */
function touchesWord(text: string, start: number, end: number): boolean {
  return (
    /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u.test(text.slice(Math.max(0, start - 2), start)) ||
    /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u.test(text.slice(end, end + 2))
  );
}
