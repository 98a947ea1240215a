import { existsSync, statSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { InvalidFile, Unsupported } from '../errors.ts';
import { readYaml } from '../yaml/read.ts';
import type { YamlNode } from '../yaml/tree.ts';
import { type Context, isReference } from './interpolate.ts';

/** Parameters are read from here without being asked for. */
export const defaultParams = 'params.yaml';

/** The values known so far, and the files they came from: all of a file, or some of its keys. */
export interface Scope {
  context: Context;
  files: Map<string, string[] | undefined>;
}

/** A scope with `params.yaml`, if there is one, and what the `vars:` of a `dvc.yaml` name. */
export function openScope(vars: YamlNode | undefined, folder: string, where: string): Scope {
  const scope: Scope = { context: new Map(), files: new Map() };
  if (existsSync(join(folder, defaultParams))) loadFile(scope, defaultParams, folder, where);
  loadVars(scope, vars, folder, where);
  return scope;
}

/** The scope of a stage: `scope`, with the stage's own `item` and `key`, and its own `vars:`. */
export function stageScope(
  scope: Scope,
  context: Context,
  vars: YamlNode | undefined,
  wdir: string,
  where: string,
): Context {
  if (!vars) return context;
  const own: Scope = { context: new Map(context), files: new Map(scope.files) };
  loadVars(own, vars, wdir, where);
  return own.context;
}

/** Adds what a `vars:` list names (files with or without `:key,key`, or values); nothing may be said twice. */
function loadVars(scope: Scope, vars: YamlNode | undefined, wdir: string, where: string): void {
  for (const item of vars?.kind === 'list' ? vars.items : []) {
    if (refers(item)) throw new InvalidFile(`${where}: 'vars': interpolating is not allowed`);
    if (item.kind === 'map') merge(scope.context, item, where);
    else if (item.kind === 'scalar' && typeof item.value === 'string')
      loadFile(scope, item.value, wdir, where);
    else throw new InvalidFile(`${where}: vars must be a list of files and mappings`);
  }
}

function refers(node: YamlNode): boolean {
  if (node.kind === 'scalar') return isReference(node);
  if (node.kind === 'list') return node.items.some(refers);
  return node.entries.some(({ key, value }) => isReference(key) || refers(value));
}

function loadFile(scope: Scope, item: string, wdir: string, where: string): void {
  const [, name, names] = /^([^:]*):?(.*)$/s.exec(item)!;
  const file = join(wdir, name!);
  const keys = names ? names.split(',').filter(Boolean) : undefined;
  if (scope.files.has(file)) {
    const loaded = scope.files.get(file);
    // All of a file may be asked for again.
    if (!keys && !loaded) return;
    if (!loaded)
      throw new InvalidFile(`${where}: cannot partially load '${item}' as it's already loaded.`, {
        ...(name === defaultParams ? { hint: 'params.yaml is loaded without being named' } : {}),
      });
    if (!keys || keys.some((key) => loaded.includes(key)))
      throw new InvalidFile(`${where}: cannot load '${item}' as it's partially loaded already`);
  }
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new InvalidFile(`${where}: '${relative(process.cwd(), file) || file}' does not exist`);
  const all = readParams(file);
  if (all.kind !== 'map') throw new InvalidFile(`${where}: expected a dictionary in file '${name}'`);
  merge(scope.context, keys ? { ...all, entries: pick(all.entries, keys, name!) } : all, where);
  scope.files.set(file, keys && [...(scope.files.get(file) ?? []), ...keys]);
}

function pick<T extends { key: { value: unknown } }>(entries: T[], names: string[], file: string): T[] {
  return names.map((name) => {
    const found = entries.find(({ key }) => String(key.value) === name);
    if (!found) throw new InvalidFile(`could not find '${name}' in '${file}'`);
    return found;
  });
}

/** A file of parameters as a node: JSON, or YAML whatever it is called. */
export function readParams(file: string): YamlNode {
  const kind = extname(file).toLowerCase();
  if (kind === '.toml' || kind === '.py')
    throw new Unsupported(`${file}: parameters in ${kind} files are not read here`, {
      hint: 'write them as YAML or JSON',
    });
  const { root } = readYaml(file);
  return root.kind === 'scalar' && root.value === null ? { kind: 'map', flow: false, entries: [] } : root;
}

function merge(context: Context, node: YamlNode, where: string): void {
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
