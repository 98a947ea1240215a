import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from 'yaml';
import { isAmbiguous } from './scalar.ts';
import {
  isMerge,
  type Trivia,
  type YamlEntry,
  type YamlNode,
  type YamlScalar,
  type YamlText,
} from './tree.ts';

/** Something that was written on rows of its own: lines of comment under it are its. */
interface Owner {
  first: number;
  last: number;
  trivia: Trivia;
}

/** How many nodes aliases may add: a few lines of them could stand for more than there is memory. */
const copiesAllowed = 100_000;

/** Reads YAML 1.2 (core schema: no yes/no, dates stay as they are spelt); throws an Error that says line and column. */
export function parseYaml(source: string): YamlText {
  const text = source.replaceAll('\r\n', '\n');
  const lines = new LineCounter();
  const document: Document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    lineCounter: lines,
    // Asked for below: the library compares each key with every other.
    uniqueKeys: false,
  });
  const [error] = document.errors;
  if (error) throw error;
  const rows = text.split('\n');
  if (rows.at(-1) === '') rows.pop();
  const above: Trivia = {};
  const owners: Owner[] = [{ first: -1, last: -1, trivia: above }];
  const named: Trivia[] = [];
  const used = new Set<string>();
  const dashes = new Set<number>();
  // What an alias stands for is read once more, and has its lines where it was written first.
  let copying = 0;
  let copied = 0;

  const rowOf = (offset: number): number => lines.linePos(offset).line - 1;
  const own = (start: number, end: number, trivia: Trivia): void => {
    if (copying === 0) owners.push({ first: rowOf(start), last: rowOf(end), trivia });
  };
  const commentAt = (offset: number): Trivia => {
    const { line, col } = lines.linePos(offset);
    const match = /^(\s*)(#.*)$/.exec(rows[line - 1]?.slice(col - 1) ?? '');
    return match ? { behind: { column: col - 1 + match[1]!.length, text: match[2]! } } : {};
  };

  const read = (node: Node | null | undefined): YamlNode => {
    if (copying > 0 && ++copied > copiesAllowed)
      throw new Error('aliases of aliases: the document would be too large');
    if (isAlias(node)) {
      used.add(node.source);
      copying += 1;
      const { below, behind, anchor, ...target } = read(node.resolve(document));
      copying -= 1;
      return { ...target, alias: node.source, ...commentAt(node.range?.[1] ?? 0) };
    }
    const name = node && 'anchor' in node && node.anchor ? { anchor: node.anchor } : {};
    if (isMap(node)) {
      const flow = node.flow === true;
      const written = node.items.map((pair) => readEntry(pair, flow));
      checkUnique(written);
      const end = flow ? commentAt(node.range?.[1] ?? 0) : {};
      if (!written.some(({ key }) => isMerge(key)))
        return remember({ kind: 'map', flow, entries: written, ...name, ...end });
      return remember({ kind: 'map', flow, entries: merge(written), written, ...name, ...end });
    }
    if (isSeq(node)) {
      const flow = node.flow === true;
      const end = flow ? commentAt(node.range?.[1] ?? 0) : {};
      const items = node.items.map((item) => readItem(item, flow));
      return remember({ kind: 'list', flow, items, ...name, ...end });
    }
    return isScalar(node) ? { ...readScalar(node), ...name } : { kind: 'scalar', value: null };
  };

  const remember = <T extends YamlNode>(node: T): T => {
    if (node.anchor !== undefined) named.push(node);
    return node;
  };

  const readEntry = (pair: Pair, inFlow: boolean): YamlEntry => {
    if (!isScalar(pair.key)) throw new Error('a mapping key is not a scalar');
    const [start, end] = pair.key.range ?? [0, 0];
    const key: YamlScalar = { ...keyOf(pair.key.value, text.slice(start, end)) };
    const node = isNode(pair.value) ? pair.value : null;
    if (inFlow) return { key, value: read(node) };
    const isBlock = (isMap(node) || isSeq(node)) && !node.flow;
    const stop = isBlock || !node || !node.range ? end : Math.max(end, lastOf(node));
    own(start, stop, key);
    const value = read(node);
    const colon = text.indexOf(':', end) + 1;
    // A comment right behind the colon stays behind what follows on the next line.
    if (isBlock) Object.assign(key, commentAt(headEnd(node, colon)));
    else if (!value.behind) Object.assign(value, commentAt(colon));
    return { key, value };
  };

  const readItem = (item: unknown, inFlow: boolean): YamlNode => {
    if (!isNode(item)) return { kind: 'scalar', value: null };
    if (inFlow) return read(item);
    const start = item.range?.[0] ?? 0;
    const isBlock = (isMap(item) || isSeq(item)) && !item.flow;
    if (copying === 0 && (!isScalar(item) || item.value !== null)) commentAtDash(start);
    if (isBlock) return read(item);
    const trivia: Trivia = {};
    own(start, Math.max(start, lastOf(item)), trivia);
    const value = read(item);
    return Object.assign(trivia, value);
  };

  /** A comment between a dash and what it stands for belongs above the dash. */
  const commentAtDash = (start: number): void => {
    for (let row = rowOf(start) - 1; row >= 0; row--) {
      const match = /^((?:\s*-\s+)*)(#.*)?$/.exec(rows[row]!);
      if (!match || dashes.has(row)) return;
      dashes.add(row);
      if (match[1]!.includes('-') && match[2])
        addBelow(owners.at(-1)!.trivia, `${' '.repeat(match[1]!.length)}${match[2]}`);
    }
  };

  const readScalar = (node: Scalar): YamlScalar => {
    const { value } = node;
    const [start, end] = node.range ?? [0, 0];
    const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    const spelt = text.slice(start, end);
    if (block) return { kind: 'scalar', value: String(value), source: spelt };
    const trivia = commentAt(end);
    // Ancient DVC left an md5 of digits alone unquoted: as a number it would lose most of them.
    if (typeof value !== 'string' && /^[0-9]+(?:[eE][0-9]+)?$/.test(spelt) && spelt.length === 32)
      return { kind: 'scalar', value: spelt, ...trivia };
    if (typeof value === 'string' && (node.type !== 'PLAIN' || node.tag))
      return { kind: 'scalar', value, ...trivia };
    return { ...plainScalar(value, spelt), ...trivia };
  };

  /** The row after which lines are no longer the node's own. */
  const lastOf = (node: Node): number => {
    const [start, end] = node.range ?? [0, 0];
    if (!isScalar(node) || !node.type?.startsWith('BLOCK')) return end;
    const body = text.slice(start, end);
    return start + (/^[|>]\d?\+/.test(body) ? body.replace(/\n$/, '') : body.trimEnd()).length;
  };

  const headEnd = (node: Node | null, colon: number): number =>
    node && 'anchor' in node && node.anchor ? text.indexOf(node.anchor, colon) + node.anchor.length : colon;

  const root = read(document.contents);
  // ruamel forgets the name of a collection that nothing refers to.
  for (const node of named) if (!used.has(node.anchor!)) delete node.anchor;
  // Owners and rows are both in the order of the document.
  let current = 0;
  rows.forEach((row, at) => {
    if (!/^\s*(#|$)/.test(row)) return;
    while ((owners[current + 1]?.first ?? Number.POSITIVE_INFINITY) <= at) current += 1;
    const owner = owners[current]!;
    if (at > owner.last) addBelow(owner.trivia, row.trim() === '' ? '' : row);
  });
  // ruamel takes an empty first line away.
  const top = above.below ?? [];
  return { root, top: rows[0]?.trim() === '' ? top.slice(1) : top };
}

function addBelow(trivia: Trivia, line: string): void {
  trivia.below = [...(trivia.below ?? []), line];
}

const isNode = (value: unknown): value is Node =>
  isAlias(value) || isMap(value) || isSeq(value) || isScalar(value);

function checkUnique(entries: YamlEntry[]): void {
  const names = new Set<unknown>();
  for (const { key } of entries) {
    if (names.has(key.value))
      throw new Error(`the key ${JSON.stringify(key.value)} stands twice in a mapping`);
    names.add(key.value);
  }
}

/** Entries with those of `<<` put in, as far as the mapping does not have them itself. */
function merge(written: YamlEntry[]): YamlEntry[] {
  const merged = new Map<unknown, YamlEntry>();
  const own = written.filter(({ key }) => !isMerge(key));
  for (const { key, value } of written) {
    if (!isMerge(key)) continue;
    for (const from of value.kind === 'list' ? value.items : [value]) {
      if (from.kind !== 'map') throw new Error('`<<` must be followed by a mapping or a list of them');
      for (const entry of from.entries) if (!merged.has(entry.key.value)) merged.set(entry.key.value, entry);
    }
  }
  for (const entry of own) merged.delete(entry.key.value);
  return [...merged.values(), ...own];
}

/** A plain scalar as ruamel understands it, which knows more numbers than YAML 1.2, and keeps the spelling of most. */
function plainScalar(value: unknown, spelt: string): YamlScalar {
  if (value === null || value === undefined) return { kind: 'scalar', value: null };
  if (typeof value === 'boolean') return { kind: 'scalar', value };
  const number = typeof value === 'string' ? numberOf(spelt) : Number(value);
  if (number === undefined)
    // Written plain it is plain: a date, say, that would be a mere text in quotes.
    return isAmbiguous(spelt)
      ? { kind: 'scalar', value: timeText(spelt), source: spelt }
      : { kind: 'scalar', value: String(value) };
  if (/inf$/i.test(spelt)) return { kind: 'scalar', value: number, source: number < 0 ? '-.inf' : '.inf' };
  if (/nan$/i.test(spelt)) return { kind: 'scalar', value: number, source: '.nan' };
  const isSigned = /^[-+][0-9_]+$/.test(spelt);
  return { kind: 'scalar', value: number, source: isSigned ? String(number) : spelt };
}

/** A time as Python prints it, whatever way it was written; any other text as it is. */
function timeText(spelt: string): string {
  const [, day, hours, seconds, fraction = '', zone = ''] =
    /^(\d{4}-\d\d?-\d\d?)(?:[Tt]|[ \t]+)(\d\d?)(:\d\d:\d\d)(?:\.(\d*))?[ \t]*(Z|[-+]\d\d?(?::?\d\d)?)?$/.exec(
      spelt,
    ) ?? [];
  if (day === undefined) return spelt;
  const two = (text: string): string => text.padStart(2, '0');
  const [year, ...rest] = day.split('-');
  const micros = Number(fraction.padEnd(6, '0').slice(0, 6));
  const [, sign = '+', ahead = '0', minutes = '00'] = /^([-+])(\d\d?):?(\d\d)?$/.exec(zone) ?? [];
  return (
    `${[year, ...rest.map(two)].join('-')} ${two(hours!)}${seconds}` +
    (micros > 0 ? `.${String(micros).padStart(6, '0')}` : '') +
    (zone === '' ? '' : `${sign}${two(ahead)}:${minutes}`)
  );
}

/** Numbers that YAML 1.2 takes for texts: with underscores, in binary, signed hexadecimal. */
function numberOf(spelt: string): number | undefined {
  if (!/^[-+]?[0-9]/.test(spelt) || !isAmbiguous(spelt)) return undefined;
  const digits = spelt.replaceAll('_', '');
  const number = Number(digits.replace(/^[-+](?=0[box])/, ''));
  return Number.isNaN(number) ? undefined : digits.startsWith('-0') ? -number || 0 : number;
}

function keyOf(value: unknown, spelt: string): YamlScalar {
  const isPlain = !/^['"]/.test(spelt);
  const text = String(value);
  if (value === null) return { kind: 'scalar', value: text, source: 'null' };
  if (typeof value === 'boolean') return { kind: 'scalar', value: text, source: text };
  return { kind: 'scalar', value: text, ...(isPlain && isAmbiguous(spelt) ? { source: spelt } : {}) };
}
