/** A vocabulary as its bytes can lie in a file: nothing has to be built to look a piece up. */
export interface VocabularyTable {
  /** Open addressing, at most half full; three numbers a slot: id + 1 (0 is free), where its units begin, how many. */
  slots: Int32Array;
  /** The UTF-16 units of all tokens. */
  units: Uint16Array;
  /** Units of the longest token. */
  longest: number;
}

/** Lays tokens and their ids out as a table. */
export function buildTable(entries: readonly (readonly [string, number])[]): VocabularyTable {
  let size = 4;
  while (size < entries.length * 2) size *= 2;
  const slots = new Int32Array(size * 3);
  const units = new Uint16Array(entries.reduce((sum, [token]) => sum + token.length, 0));
  let end = 0;
  let longest = 0;
  for (const [token, id] of entries) {
    let slot = slotOf(hashOf(token)) & (size - 1);
    while (slots[slot * 3] !== 0) slot = (slot + 1) & (size - 1);
    slots[slot * 3] = id + 1;
    slots[slot * 3 + 1] = end;
    slots[slot * 3 + 2] = token.length;
    for (let i = 0; i < token.length; i++) units[end++] = token.charCodeAt(i);
    longest = Math.max(longest, token.length);
  }
  return { slots, units, longest };
}

/** Word pieces by their text; finds the longest one at a place in a text without making a string. */
export class Vocabulary {
  readonly #slots: Int32Array;
  readonly #units: Uint16Array;
  readonly #longest: number;
  readonly #mask: number;
  readonly #prefix: string;
  readonly #prefixHash: number;
  readonly #hashes: Int32Array;
  /** Length in UTF-16 units of the piece that `find` found last. */
  length = 0;

  /** A piece that goes on a word is written with `prefix` before it. */
  constructor({ slots, units, longest }: VocabularyTable, prefix: string) {
    this.#slots = slots;
    this.#units = units;
    this.#longest = longest;
    this.#mask = slots.length / 3 - 1;
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
      for (; this.#slots[slot * 3] !== 0; slot = (slot + 1) & this.#mask)
        if (this.#slots[slot * 3 + 2] === skip + n && this.#matches(slot, text, start, n, skip)) {
          this.length = n;
          return this.#slots[slot * 3]! - 1;
        }
    }
    this.length = 0;
    return -1;
  }

  #matches(slot: number, text: string, start: number, length: number, skip: number): boolean {
    const at = this.#slots[slot * 3 + 1]!;
    for (let i = 0; i < skip; i++) if (this.#units[at + i] !== this.#prefix.charCodeAt(i)) return false;
    for (let i = 0; i < length; i++)
      if (this.#units[at + skip + i] !== text.charCodeAt(start + i)) return false;
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
