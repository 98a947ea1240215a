/** Anything comparable: `content` is the text that counts when looking for copies. */
export interface Comparable {
  label: number;
  content: string;
}

/** What was dropped and why, in documents. */
export interface DuplicateCounts {
  exact: number;
  near: number;
  /** Dropped on both sides: the same content under two labels teaches nothing. */
  conflicting: number;
}

const SHINGLE_WORDS = 4;
const MIN_JACCARD = 0.7;
// 32 bands of 3 rows: a pair at Jaccard .7 shares a band with probability 1 - (1 - .7³)³² > .99999; what
// shares a band by chance is sorted out by the exact Jaccard.
const BANDS = 32;
const ROWS = 3;

/** Lower-case letters only: no addresses, links, digits or punctuation, so that personalised copies are equal. */
export function normalise(text: string): string {
  const isText = (token: string): boolean => !['@', '://', 'www.'].some((mark) => token.includes(mark));
  const tokens = text.toLowerCase().split(/\s+/).filter(isText);
  return tokens.flatMap((token) => token.match(/\p{L}+/gu) ?? []).join(' ');
}

/**
 * Keeps the first of each group of copies. Exact: the same `content`. Near, within a label: Jaccard ≥ .7 over the
 * sets of 4-word shingles, found by MinHash with banding (Broder 1997). Deterministic; order is kept.
 */
export function dropDuplicates<T extends Comparable>(documents: T[]): { kept: T[]; counts: DuplicateCounts } {
  const { kept: unique, counts } = dropExact(documents);
  const buckets = Array.from({ length: BANDS }, () => new Map<string, Uint32Array[]>());
  const kept = unique.filter((document) => {
    const shingles = shingle(document.content);
    const keys = bandKeys(shingles, document.label);
    const isCopy = keys.some((key, band) =>
      buckets[band]!.get(key)?.some((other) => isNear(shingles, other)),
    );
    if (isCopy) return false;
    keys.forEach((key, band) => {
      const bucket = buckets[band]!.get(key);
      if (bucket) bucket.push(shingles);
      else buckets[band]!.set(key, [shingles]);
    });
    return true;
  });
  return { kept, counts: { ...counts, near: unique.length - kept.length } };
}

function dropExact<T extends Comparable>(documents: T[]): { kept: T[]; counts: DuplicateCounts } {
  const groups = Map.groupBy(documents, (document) => document.content);
  const counts = { exact: 0, near: 0, conflicting: 0 };
  const kept: T[] = [];
  for (const group of groups.values()) {
    if (group.some((document) => document.label !== group[0]!.label)) {
      counts.conflicting += group.length;
    } else {
      counts.exact += group.length - 1;
      kept.push(group[0]!);
    }
  }
  return { kept, counts };
}

/** Sorted distinct 32-bit hashes of each run of four words (of the whole text if it is shorter). */
function shingle(content: string): Uint32Array {
  const words = content.split(' ').map(hashWord);
  const count = Math.max(1, words.length - SHINGLE_WORDS + 1);
  const hashes = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let hash = 0x811c9dc5;
    for (let j = i; j < Math.min(i + SHINGLE_WORDS, words.length); j++) hash = mix(hash ^ words[j]!);
    hashes[i] = hash;
  }
  hashes.sort();
  return hashes.filter((hash, i) => i === 0 || hash !== hashes[i - 1]);
}

/** FNV-1a over UTF-16 units. */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash;
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

const SIGNATURE = BANDS * ROWS;
const FACTORS = Int32Array.from({ length: SIGNATURE }, (_, i) => mix(2 * i + 1) | 1);
const OFFSETS = Int32Array.from({ length: SIGNATURE }, (_, i) => mix(2 * i + 2));

function bandKeys(shingles: Uint32Array, label: number): string[] {
  const signature = new Uint32Array(SIGNATURE);
  for (let i = 0; i < SIGNATURE; i++) {
    const factor = FACTORS[i]!;
    const offset = OFFSETS[i]!;
    let least = 0xffffffff;
    for (const hash of shingles) {
      const value = (Math.imul(hash, factor) + offset) >>> 0;
      if (value < least) least = value;
    }
    signature[i] = least;
  }
  return Array.from({ length: BANDS }, (_, band) =>
    [label, ...signature.subarray(band * ROWS, (band + 1) * ROWS)].join(),
  );
}

/** Whether |a ∩ b| / |a ∪ b| ≥ .7, both sorted and distinct. */
function isNear(a: Uint32Array, b: Uint32Array): boolean {
  // The smaller set bounds the intersection, the larger one the union.
  if (Math.min(a.length, b.length) < MIN_JACCARD * Math.max(a.length, b.length)) return false;
  let common = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const order = a[i]! - b[j]!;
    if (order === 0) common++;
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return common >= MIN_JACCARD * (a.length + b.length - common);
}
