import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Json } from '../objects/python-json.ts';

/** A YAML document kept as DVC keeps it when it updates a file: values, order, comments, block scalars. */
export type YamlNode = YamlMap | YamlList | YamlScalar;

/** Comment and blank lines above a node, as they stand, and the comment behind it. */
export interface Trivia {
  above?: string[];
  behind?: { column: number; text: string };
}

/** A mapping; `flow` if it was written in braces. */
export interface YamlMap extends Trivia {
  kind: 'map';
  flow: boolean;
  entries: { key: YamlScalar; value: YamlNode }[];
}

/** A sequence; `flow` if it was written in brackets. */
export interface YamlList extends Trivia {
  kind: 'list';
  flow: boolean;
  items: YamlNode[];
}

/** A string, number, boolean or null; `source` is how an unusual one was spelt. */
export interface YamlScalar extends Trivia {
  kind: 'scalar';
  value: string | number | boolean | null;
  source?: string;
}

/** A document with what stands below its last node. */
export interface YamlText {
  root: YamlNode;
  below: string[];
}

/** Makes a node of plain data, to be written in DVC's style. */
export function toYaml(value: Json): YamlNode {
  if (Array.isArray(value)) return { kind: 'list', flow: false, items: value.map(toYaml) };
  if (value !== null && typeof value === 'object')
    return {
      kind: 'map',
      flow: false,
      entries: Object.entries(value).map(([key, item]) => ({
        key: { kind: 'scalar', value: key },
        value: toYaml(item),
      })),
    };
  return { kind: 'scalar', value };
}

/** A mapping of nodes, in this order. */
export const mapOf = (entries: [string, YamlNode][]): YamlMap => ({
  kind: 'map',
  flow: false,
  entries: entries.map(([name, value]) => ({ key: { kind: 'scalar', value: name }, value })),
});

/** The data of a node. */
export function fromYaml(node: YamlNode): Json {
  if (node.kind === 'list') return node.items.map(fromYaml);
  if (node.kind === 'map')
    return Object.fromEntries(node.entries.map(({ key, value }) => [String(key.value), fromYaml(value)]));
  return node.value;
}

/** Reads YAML 1.2 (core schema: no dates, no yes/no); throws an Error that says line and column. */
export function parseYaml(text: string): YamlText {
  const lines = new LineCounter();
  const document: Document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    lineCounter: lines,
    uniqueKeys: true,
  });
  const [error] = document.errors;
  if (error) throw error;
  const rows = text.split('\n');
  const taken = new Set<number>();

  const above = (offset: number): Trivia => {
    const row = lines.linePos(offset).line - 1;
    const found: string[] = [];
    for (let at = row - 1; at >= 0 && /^\s*(#|$)/.test(rows[at]!) && !taken.has(at); at--) {
      taken.add(at);
      found.unshift(rows[at]!);
    }
    return found.length > 0 ? { above: found } : {};
  };
  const behind = (offset: number): Trivia => {
    const { line, col } = lines.linePos(offset);
    const row = rows[line - 1]!;
    const match = /^(\s*)(#.*)$/.exec(row.slice(col - 1));
    return match ? { behind: { column: col - 1 + match[1]!.length, text: match[2]! } } : {};
  };

  const read = (node: Node | null | undefined): YamlNode => {
    if (isAlias(node)) return read(node.resolve(document));
    if (isMap(node))
      return {
        kind: 'map',
        flow: node.flow === true,
        entries: node.items.map((pair) => {
          if (!isScalar(pair.key)) throw new Error('a mapping key is not a scalar');
          const start = pair.key.range?.[0] ?? 0;
          const key: YamlScalar = {
            kind: 'scalar',
            value: String(pair.key.value),
            ...(node.flow ? {} : above(start)),
          };
          const keyEnd = (pair.key.range?.[1] ?? 0) + 1;
          const value =
            isAlias(pair.value) || isMap(pair.value) || isSeq(pair.value) || isScalar(pair.value)
              ? pair.value
              : null;
          return { key: { ...key, ...(isScalar(value) ? {} : behind(keyEnd)) }, value: read(value) };
        }),
      };
    if (isSeq(node))
      return {
        kind: 'list',
        flow: node.flow === true,
        items: node.items.map((item) => {
          if (!isAlias(item) && !isMap(item) && !isSeq(item) && !isScalar(item))
            return { kind: 'scalar', value: null };
          const trivia = node.flow ? {} : above(item.range?.[0] ?? 0);
          return { ...read(item), ...trivia };
        }),
      };
    if (!isScalar(node)) return { kind: 'scalar', value: null };
    const { value } = node;
    const [start, end] = node.range ?? [0, 0];
    const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    const trivia = block ? {} : behind(end);
    const source = text.slice(start, end);
    // Ancient DVC left an md5 of digits alone unquoted: as a number it would lose most of them.
    if (typeof value !== 'string' && /^[0-9]+(?:[eE][0-9]+)?$/.test(source) && source.length === 32)
      return { kind: 'scalar', value: source, ...trivia };
    if (typeof value === 'string') return { kind: 'scalar', value, ...trivia, ...(block ? { source } : {}) };
    if (typeof value === 'number') return { kind: 'scalar', value, ...trivia, source };
    if (typeof value === 'bigint')
      return { kind: 'scalar', value: Number(value), ...trivia, source: String(value) };
    return { kind: 'scalar', value: typeof value === 'boolean' ? value : null, ...trivia };
  };

  const root = read(document.contents);
  const below: string[] = [];
  for (let at = rows.length - 2; at >= 0 && /^\s*(#|$)/.test(rows[at]!) && !taken.has(at); at--)
    below.unshift(rows[at]!);
  return { root, below };
}

/** Makes `target` say what `data` says, touching no node that says it already; DVC's `apply_diff`. */
export function update(target: YamlNode, data: Json): YamlNode {
  if (target.kind === 'map' && data !== null && typeof data === 'object' && !Array.isArray(data)) {
    for (const [name, value] of Object.entries(data)) {
      const entry = target.entries.find(({ key }) => key.value === name);
      if (entry) entry.value = update(entry.value, value);
      else target.entries.push({ key: { kind: 'scalar', value: name }, value: toYaml(value) });
    }
    target.entries = target.entries.filter(({ key }) => Object.hasOwn(data, String(key.value)));
    return target;
  }
  if (target.kind === 'list' && Array.isArray(data)) {
    target.items =
      target.items.length === data.length
        ? target.items.map((item, at) => update(item, data[at]!))
        : data.map((value) => toYaml(value));
    return target;
  }
  if (target.kind === 'scalar' && target.value === data) return target;
  const { above, behind } = target;
  return { ...toYaml(data), ...(above ? { above } : {}), ...(behind ? { behind } : {}) };
}
