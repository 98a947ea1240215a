import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { InvalidFile, Unsupported } from '../errors.ts';
import { parseYaml } from '../yaml/parse.ts';
import type { YamlNode } from '../yaml/tree.ts';
import type { Context } from './interpolate.ts';

/** Parameters are read from here without being asked for. */
export const defaultParams = 'params.yaml';

/** Adds what a `vars:` list names (files with or without `:key,key`, or values) to a context; nothing may be said twice. */
export function loadVars(
  context: Context,
  vars: YamlNode | undefined,
  wdir: string,
  where: string,
  implicit: boolean,
): void {
  const items = vars?.kind === 'list' ? vars.items : [];
  const named = items.flatMap((item) => (item.kind === 'scalar' ? [String(item.value).split(':')[0]!] : []));
  if (implicit && !named.includes(defaultParams) && existsSync(join(wdir, defaultParams)))
    merge(context, readParams(join(wdir, defaultParams)), where);
  for (const item of items) {
    if (item.kind === 'map') merge(context, item, where);
    else if (item.kind === 'scalar' && typeof item.value === 'string') {
      const [name, keys] = item.value.split(':');
      const file = join(wdir, name!);
      if (!existsSync(file)) throw new InvalidFile(`${where}: '${name}' does not exist`);
      const all = readParams(file);
      const wanted = keys?.split(',').map((key) => key.trim());
      merge(
        context,
        wanted && all.kind === 'map' ? { ...all, entries: pick(all.entries, wanted, file) } : all,
        where,
      );
    } else throw new InvalidFile(`${where}: vars must be a list of files and mappings`);
  }
}

function pick<T extends { key: { value: unknown } }>(entries: T[], names: string[], file: string): T[] {
  return names.map((name) => {
    const found = entries.find(({ key }) => String(key.value) === name);
    if (!found) throw new InvalidFile(`${file} has no '${name}'`);
    return found;
  });
}

/** A file of parameters as a node. */
export function readParams(file: string): YamlNode {
  const kind = extname(file).toLowerCase();
  if (!['.yaml', '.yml', '.json'].includes(kind))
    throw new Unsupported(`${file}: parameters in ${kind || 'such a'} files are not read here`, {
      hint: 'write them as YAML or JSON',
    });
  try {
    return parseYaml(readFileSync(file, 'utf8')).root;
  } catch (cause) {
    throw new InvalidFile(`'${file}' is not valid YAML: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
      file,
    });
  }
}

function merge(context: Context, node: YamlNode, where: string): void {
  if (node.kind === 'scalar' && node.value === null) return;
  if (node.kind !== 'map') throw new InvalidFile(`${where}: vars must be mappings`);
  for (const { key, value } of node.entries) {
    const name = String(key.value);
    const present = context.get(name);
    context.set(name, present ? combine(present, value, name, where) : value);
  }
}

function combine(present: YamlNode, added: YamlNode, name: string, where: string): YamlNode {
  if (present.kind !== 'map' || added.kind !== 'map')
    throw new InvalidFile(`${where}: cannot redefine '${name}': it is set twice`);
  const entries = [...present.entries];
  for (const { key, value } of added.entries) {
    const at = entries.findIndex((entry) => entry.key.value === key.value);
    if (at < 0) entries.push({ key, value });
    else entries[at] = { key, value: combine(entries[at]!.value, value, `${name}.${key.value}`, where) };
  }
  return { ...present, entries };
}
