/** A vocabulary as its bytes can lie in a file: nothing has to be built to look a piece up. */
export interface VocabularyTable {
  /** Open addressing, at most half full; where the token's record begins, plus one (0 is free). */
  slots: Int32Array;
  /** For each token the two halves of its id, the low one first, how many UTF-16 units it has, and the units. */
  records: Uint16Array;
  /** Units of the longest token. */
  longest: number;
}

const headUnits = 3;

/** Lays tokens and their ids out as a table. */
export function buildTable(entries: readonly (readonly [string, number])[]): VocabularyTable {
  let size = 4;
  while (size < entries.length * 2) size *= 2;
  const slots = new Int32Array(size);
  const records = new Uint16Array(entries.reduce((sum, [token]) => sum + headUnits + token.length, 0));
  let end = 0;
  let longest = 0;
  for (const [token, id] of entries) {
    let slot = slotOf(hashOf(token)) & (size - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
    slots[slot] = end + 1;
    records.set([id & 0xffff, id >>> 16, token.length], end);
    end += headUnits;
    for (let i = 0; i < token.length; i++) records[end++] = token.charCodeAt(i);
    longest = Math.max(longest, token.length);
  }
  return { slots, records, longest };
}

/** Word pieces by their text; finds the longest one at a place in a text without making a string. */
export class Vocabulary {
  readonly #slots: Int32Array;
  readonly #records: Uint16Array;
  readonly #longest: number;
  readonly #mask: number;
  readonly #prefix: string;
  readonly #prefixHash: number;
  readonly #hashes: Int32Array;
  /** Length in UTF-16 units of the piece that `find` found last. */
  length = 0;

  /** A piece that goes on a word is written with `prefix` before it. */
  constructor({ slots, records, longest }: VocabularyTable, prefix: string) {
    this.#slots = slots;
    this.#records = records;
    this.#longest = longest;
    this.#mask = slots.length - 1;
    this.#prefix = prefix;
    this.#prefixHash = hashOf(prefix);
    this.#hashes = new Int32Array(longest + 1);
  }

  /** The id of the longest piece in `text` from `start` to `end` at most, or -1; sets `length`. */
  find(text: string, start: number, end: number, continues: boolean): number {
    const skip = continues ? this.#prefix.length : 0;
    const most = Math.min(end - start, this.#longest - skip);
    let hash = continues ? this.#prefixHash : emptyHash;
    for (let n = 1; n <= most; n++) {
      hash = step(hash, text.charCodeAt(start + n - 1));
      this.#hashes[n] = hash;
    }
    for (let n = most; n > 0; n--) {
      let slot = slotOf(this.#hashes[n]!) & this.#mask;
      for (; this.#slots[slot] !== 0; slot = (slot + 1) & this.#mask) {
        const record = this.#slots[slot]! - 1;
        if (!this.#matches(record, text, start, n, skip)) continue;
        this.length = n;
        return this.#records[record]! | (this.#records[record + 1]! << 16);
      }
    }
    this.length = 0;
    return -1;
  }

  #matches(record: number, text: string, start: number, length: number, skip: number): boolean {
    if (this.#records[record + 2] !== skip + length) return false;
    const at = record + headUnits;
    for (let i = 0; i < skip; i++) if (this.#records[at + i] !== this.#prefix.charCodeAt(i)) return false;
    for (let i = 0; i < length; i++)
      if (this.#records[at + skip + i] !== text.charCodeAt(start + i)) return false;
    return true;
  }
}

/** FNV-1a over UTF-16 units: a piece's hash goes on from the hash of what stands before it. */
const emptyHash = 0x811c9dc5 | 0;
const step = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);
/** The low bits of FNV know little of the high ones. */
const slotOf = (hash: number): number => hash ^ (hash >>> 15);

function hashOf(token: string): number {
  let hash = emptyHash;
  for (let i = 0; i < token.length; i++) hash = step(hash, token.charCodeAt(i));
  return hash;
}
