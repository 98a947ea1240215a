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

function decompose(text: string): string {
  let result = '';
  let start = 0;
  for (const match of text.matchAll(undecomposed())) {
    result += text.slice(start, match.index).normalize('NFD') + match[0];
    start = match.index + match[0].length;
  }
  return result + text.slice(start).normalize('NFD');
}
