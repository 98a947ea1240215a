/*
 * How ruamel.yaml (which DVC writes with) spells a string: plain where YAML 1.2 allows it, else quoted,
 * folded past 80 columns. Follows ruamel 0.18's emitter: DVC's own files show the same folds.
 */

/** The column after which ruamel breaks lines. */
export const foldWidth = 80;

/** Plain scalars that a reader would not take for strings. */
const ambiguous = [
  /^(?:true|True|TRUE|false|False|FALSE)$/,
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^(?=[-+0-9])(?:[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+)$/,
  /^(?:<<|=|~|null|Null|NULL|)$/,
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
  /^[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?$/,
];
const breaks = '\n\x85\u2028\u2029';
const printable = /^[\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u;
const escapes: Record<string, string> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xa0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

/** Where a scalar stands: the column it starts in, the indent its continuation lines get (none: it may not be folded). */
export interface ScalarPlace {
  column: number;
  indent?: number;
  flow?: boolean;
}

/** Whether a plain scalar would be read as something else than a text by ruamel. */
export const isAmbiguous = (text: string): boolean => ambiguous.some((pattern) => pattern.test(text));

/** The string as ruamel would write it in this place. */
export function yamlString(text: string, place: ScalarPlace): string {
  const special = !printable.test(text);
  const multiline = [...breaks].some((char) => text.includes(char));
  const edge = /^[ \n\x85\u2028\u2029]|[ \n\x85\u2028\u2029]$/.test(text);
  if (!special && !multiline && !edge && !isAmbiguous(text)) {
    if (!hasIndicators(text, place.flow ?? false)) return plain(text, place);
  }
  // ruamel would put a NEL or U+2028 into single quotes as a line break that only ruamel reads back: escaped, all do.
  if (special || multiline || text.includes("'")) return doubleQuoted(text, place);
  return singleQuoted(text, place);
}

function hasIndicators(text: string, flow: boolean): boolean {
  if (text.startsWith('---') || text.startsWith('...')) return true;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[?:-](?:[ \0\t\r]|$)/.test(text)) return true;
  if (/:(?:[ \0\t\r]|$)/.test(text.slice(1)) || /[ \0\t\r]#/.test(text)) return true;
  return flow && (/[,[\]{}]/.test(text) || text === '?' || text === ':');
}

/** Splits by single spaces and breaks the line after the word that passes the width, as ruamel does. */
function fold(text: string, place: ScalarPlace, isPlain: boolean): string {
  if (place.indent === undefined) return text;
  const lineBreak = `\n${' '.repeat(place.indent)}`;
  let out = '';
  let column = place.column;
  const pieces = text.split(/( +)/);
  pieces.forEach((piece, at) => {
    const length = [...piece].length;
    if (at % 2 === 1) {
      const inside = at > 1 || pieces[0] !== '';
      const last = at === pieces.length - 2 && pieces[at + 1] === '';
      if (length === 1 && column > foldWidth && (isPlain || (inside && !last))) {
        out += lineBreak;
        column = place.indent!;
      } else {
        out += piece;
        column += length;
      }
    } else {
      // A word longer than the line gets a line of its own; ruamel leaves the space before it in place.
      if (isPlain && length > foldWidth && column > place.indent!) {
        out += lineBreak;
        column = place.indent!;
      }
      out += piece;
      column += length;
    }
  });
  return out;
}

const plain = (text: string, place: ScalarPlace): string => fold(text, place, true);

function singleQuoted(text: string, place: ScalarPlace): string {
  return `'${fold(text.replaceAll("'", "''"), { ...place, column: place.column + 1 }, false)}'`;
}

function escaped(char: string): string {
  const known = escapes[char];
  if (known !== undefined) return `\\${known}`;
  const code = char.codePointAt(0)!;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function doubleQuoted(text: string, place: ScalarPlace): string {
  const chars = [...text];
  const raw = (char: string): boolean =>
    !'"\\\x85\u2028\u2029\ufeff'.includes(char) &&
    (/[\x20-\x7e]/.test(char) ||
      (char >= '\xa0' && !/[\ud800-\udfff\ufffe\uffff]/.test(char)) ||
      char.length === 2);
  let out = '"';
  let column = place.column + 1;
  let start = 0;
  const write = (piece: string): void => {
    out += piece;
    column += [...piece].length;
  };
  for (let end = 0; end <= chars.length; end++) {
    const char = chars[end];
    if (char === undefined || !raw(char)) {
      if (start < end) write(chars.slice(start, end).join(''));
      start = end;
      if (char !== undefined) {
        write(escaped(char));
        start = end + 1;
      }
    }
    if (
      place.indent !== undefined &&
      end > 0 &&
      end < chars.length - 1 &&
      (char === ' ' || start >= end) &&
      column + (end - start) > foldWidth
    ) {
      const backslash = needsBackslash(chars, start, end);
      write(chars.slice(start, end).join('') + (backslash ? '\\' : ''));
      if (start < end) start = end;
      out += `\n${' '.repeat(place.indent)}`;
      column = place.indent;
      if (chars[start] === ' ') {
        if (backslash) write('\\');
        else start += 1;
      }
    }
  }
  return `${out}"`;
}

/** Whether a fold at `end` would read back with one space too many or too few without an escaped line end. */
function needsBackslash(chars: string[], start: number, end: number): boolean {
  // ruamel forgets this case (a fold right behind an escape) and so adds a space to the value.
  if (chars[Math.max(start, end)] !== ' ') return true;
  let space = chars.indexOf(' ', end);
  if (space < 0) return true;
  const newline = chars.indexOf('\n', end);
  if (newline >= 0 && newline < space) space = newline;
  const next = chars[space + 1];
  if (next === undefined) return true;
  if (chars[space] === '\n' && next !== ' ') return true;
  const between = chars.slice(end, space);
  return !(
    !between.includes('"') &&
    !between.includes("'") &&
    next !== ' ' &&
    next !== '\n' &&
    !(chars[end - 1] === ' ' && chars[end] === ' ') &&
    start !== end
  );
}
