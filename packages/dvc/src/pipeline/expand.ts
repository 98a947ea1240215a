import { InvalidFile } from '../errors.ts';
import { toYaml, type YamlMap, type YamlNode } from '../yaml/tree.ts';
import { type Context, interpolate, isReference, scalarText } from './interpolate.ts';

/** One stage after `foreach` and `matrix` are unrolled: its name, its definition, and what `${item}` and `${key}` are. */
export interface Unrolled {
  name: string;
  definition: YamlMap;
  context: Context;
}

/** The field of a mapping, if it has one. */
export const field = (map: YamlMap, name: string): YamlNode | undefined =>
  map.entries.find(({ key }) => key.value === name)?.value;

/** The stages that one entry under `stages:` stands for. */
export function expand(name: string, definition: YamlMap, context: Context, where: string): Unrolled[] {
  const foreach = field(definition, 'foreach');
  const matrix = field(definition, 'matrix');
  if (!foreach && !matrix) return [{ name, definition, context }];
  const body = foreach ? field(definition, 'do') : without(definition, 'matrix');
  if (body?.kind !== 'map') throw new InvalidFile(`${where}: foreach needs a \`do\` mapping`);
  const written = (foreach ?? matrix)!;
  const over = interpolate(written, context, { where, takesAny: true });
  const each = foreach ? foreachItems(over, written, where) : matrixItems(over, written, where);
  // A list has items only: `${key}` is then whatever else has that name.
  const hasKey = over.kind === 'map';
  return [...new Map(each.map((item) => [item.key, item])).values()].map(({ key, item }) => {
    const own = new Map(context).set('item', item);
    return {
      name: `${name}@${key}`,
      definition: body,
      context: hasKey ? own.set('key', toYaml(key)) : own,
    };
  });
}

interface Item {
  key: string;
  item: YamlNode;
}

function foreachItems(data: YamlNode, written: YamlNode, where: string): Item[] {
  if (data.kind === 'map')
    return data.entries.map(({ key, value }) => ({ key: scalarText(key), item: value }));
  if (data.kind !== 'list') throw new InvalidFile(`${where}: foreach needs a list or a mapping`);
  const composite = data.items.some(({ kind }) => kind !== 'scalar');
  return data.items.map((item, at) => ({
    key: composite ? String(at) : itemName(item, written, at, ''),
    item,
  }));
}

function matrixItems(data: YamlNode, written: YamlNode, where: string): Item[] {
  if (data.kind !== 'map') throw new InvalidFile(`${where}: matrix needs a mapping of lists`);
  let rows: { fragments: string[]; entries: YamlMap['entries'] }[] = [{ fragments: [], entries: [] }];
  data.entries.forEach(({ key, value }, column) => {
    // Of a mapping Python goes over the keys.
    const items = value.kind === 'map' ? value.entries.map((entry) => entry.key) : itemsOf(value);
    if (!items) throw new InvalidFile(`${where}: matrix.${key.value} is not a list`);
    const source = written.kind === 'map' ? written.entries[column]!.value : written;
    rows = rows.flatMap(({ fragments, entries }) =>
      items.map((item, at) => ({
        fragments: [...fragments, itemName(item, source, at, String(key.value))],
        entries: [...entries, { key, value: item }],
      })),
    );
  });
  return rows.map(({ fragments, entries }) => ({
    key: fragments.join('-'),
    item: { kind: 'map', flow: false, entries },
  }));
}

const itemsOf = (node: YamlNode): YamlNode[] | undefined => (node.kind === 'list' ? node.items : undefined);

/** What an item adds to the stage's name; `list` is how the list was written. */
function itemName(item: YamlNode, list: YamlNode, at: number, column: string): string {
  if (item.kind !== 'scalar') return `${column}${at}`;
  // A true that was written there is `true`; one that came by a reference is named as Python prints it.
  const origin = list.kind === 'list' ? list.items[at]! : list;
  if (typeof item.value === 'boolean' && isReference(origin)) return item.value ? 'True' : 'False';
  return scalarText(item);
}

const without = (map: YamlMap, name: string): YamlMap => ({
  ...map,
  entries: map.entries.filter(({ key }) => key.value !== name),
});
