import { InvalidFile } from '../errors.ts';
import { toYaml, type YamlMap, type YamlNode } from '../yaml/tree.ts';
import { type Context, interpolate, scalarText } from './interpolate.ts';

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
  const each = foreach
    ? foreachItems(interpolate(foreach, context, where), where)
    : matrixItems(interpolate(matrix!, context, where), where);
  return each.map(({ key, item }) => ({
    name: `${name}@${key}`,
    definition: body,
    context: new Map([...context, ['item', item], ['key', toYaml(key)]]),
  }));
}

interface Item {
  key: string;
  item: YamlNode;
}

function foreachItems(data: YamlNode, where: string): Item[] {
  if (data.kind === 'map')
    return data.entries.map(({ key, value }) => ({ key: scalarText(key), item: value }));
  if (data.kind !== 'list') throw new InvalidFile(`${where}: foreach needs a list or a mapping`);
  const composite = data.items.some(({ kind }) => kind !== 'scalar');
  const items = data.items.map((item, at) => ({
    key: composite || item.kind !== 'scalar' ? String(at) : scalarText(item),
    item,
  }));
  return [...new Map(items.map((item) => [item.key, item])).values()];
}

function matrixItems(data: YamlNode, where: string): Item[] {
  if (data.kind !== 'map') throw new InvalidFile(`${where}: matrix needs a mapping of lists`);
  let rows: { fragments: string[]; entries: YamlMap['entries'] }[] = [{ fragments: [], entries: [] }];
  for (const { key, value } of data.entries) {
    if (value.kind !== 'list') throw new InvalidFile(`${where}: matrix.${key.value} is not a list`);
    rows = rows.flatMap(({ fragments, entries }) =>
      value.items.map((item, at) => ({
        fragments: [...fragments, item.kind === 'scalar' ? scalarText(item) : `${key.value}${at}`],
        entries: [...entries, { key, value: item }],
      })),
    );
  }
  return rows.map(({ fragments, entries }) => ({
    key: fragments.join('-'),
    item: { kind: 'map', flow: false, entries },
  }));
}

const without = (map: YamlMap, name: string): YamlMap => ({
  ...map,
  entries: map.entries.filter(({ key }) => key.value !== name),
});
