import type { Json } from '../objects/python-json.ts';

/** A YAML document kept as DVC keeps it when it updates a file: values, order, comments, block scalars. */
export type YamlNode = YamlMap | YamlList | YamlScalar;

/** What surrounds a node: the comment behind it, comment and blank lines below it (as ruamel keeps them), names it has. */
export interface Trivia {
  behind?: { column: number; text: string };
  below?: string[];
  /** `&name` stands before it. */
  anchor?: string;
  /** It was written as `*name`. */
  alias?: string;
}

/** A key of a mapping with its value. */
export interface YamlEntry {
  key: YamlScalar;
  value: YamlNode;
}

/** A mapping; `flow` if it was written in braces. */
export interface YamlMap extends Trivia {
  kind: 'map';
  flow: boolean;
  entries: YamlEntry[];
  /** With `<<` in it: the entries as they were written; `entries` has those merged in as well. */
  written?: YamlEntry[];
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

/** A document with the lines above its first node. */
export interface YamlText {
  root: YamlNode;
  top: string[];
}

/** Makes a node of plain data, to be written in DVC's style. */
export function toYaml(value: Json): YamlNode {
  if (Array.isArray(value)) return { kind: 'list', flow: false, items: value.map(toYaml) };
  if (value !== null && typeof value === 'object')
    return mapOf(Object.entries(value).map(([key, item]) => [key, toYaml(item)]));
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

/** Makes `target` say what `data` says, touching no node that says it already; DVC's `apply_diff`. */
export function update(target: YamlNode, data: Json): YamlNode {
  if (target.kind === 'map' && data !== null && typeof data === 'object' && !Array.isArray(data)) {
    const own = target.written ?? target.entries;
    const merged = target.written ? target.entries.filter((entry) => !own.includes(entry)) : [];
    for (const [name, value] of Object.entries(data)) {
      const entry = own.find(({ key }) => key.value === name);
      if (entry) entry.value = update(entry.value, value);
      else if (!merged.some((other) => other.key.value === name && isSame(fromYaml(other.value), value)))
        own.push({ key: { kind: 'scalar', value: name }, value: toYaml(value) });
    }
    const kept = own.filter(({ key }) => Object.hasOwn(data, String(key.value)) || isMerge(key));
    if (target.written) target.written = kept;
    target.entries = [...merged, ...kept.filter(({ key }) => !isMerge(key))];
    return target;
  }
  if (target.kind === 'list' && Array.isArray(data)) {
    target.items =
      target.items.length === data.length
        ? target.items.map((item, at) => update(item, data[at]!))
        : data.map((value) => toYaml(value));
    return target;
  }
  if (target.kind === 'scalar' && Object.is(target.value, data)) return target;
  const { behind, below } = target;
  return { ...toYaml(data), ...(behind ? { behind } : {}), ...(below ? { below } : {}) };
}

const isSame = (left: Json, right: Json): boolean => JSON.stringify(left) === JSON.stringify(right);

/** Whether a key is the plain `<<` that takes another mapping's entries over. */
export const isMerge = (key: YamlScalar): boolean => key.value === '<<' && key.source === '<<';
