import { dropped, ideograph, nonspacing, punctuation, undecomposed } from './unicode.ts';

/** What a BertNormalizer does to a text, in this order. */
export interface Normalization {
  /** Drops controls and makes every kind of white space a space. */
  cleanText: boolean;
  /** Puts spaces around CJK ideographs. */
  splitIdeographs: boolean;
  stripAccents: boolean;
  lowercase: boolean;
}

/** Normalises a text as the Rust BertNormalizer does. */
export function normalize(text: string, how: Normalization): string {
  // A lone surrogate can't cross into Rust: there it is U+FFFD, and so it is here.
  let result = text.toWellFormed();
  if (how.cleanText) result = result.replace(dropped(), '').replace(/\p{White_Space}/gu, ' ');
  if (how.splitIdeographs) result = result.replace(ideograph(), ' $& ');
  if (how.stripAccents) result = decompose(result).replace(nonspacing(), '');
  // Rust lowercases one code point at a time; JavaScript alone knows a sigma that ends a word.
  if (how.lowercase) result = result.replaceAll('Σ', 'σ').toLowerCase();
  return result;
}

/** Cuts a normalised text at white space and around each punctuation character, as the BertPreTokenizer does. */
export function splitWords(normalized: string): string[] {
  return normalized
    .replace(punctuation(), ' $& ')
    .split(/\p{White_Space}+/u)
    .filter((word) => word !== '');
}

/**
 * NFD puts marks in order in a time that grows with the square of how many follow each other; no script has more than a
 * few, so that longer runs are cut. Only the order of marks a hundred apart could tell.
 */
const toNfd = (text: string): string =>
  /\p{M}{100}/u.test(text)
    ? text.replace(/\P{M}*\p{M}{0,100}/gu, (part) => part.normalize('NFD'))
    : text.normalize('NFD');

function decompose(text: string): string {
  let result = '';
  let start = 0;
  for (const match of text.matchAll(undecomposed())) {
    result += toNfd(text.slice(start, match.index)) + match[0];
    start = match.index + match[0].length;
  }
  return result + toNfd(text.slice(start));
}
