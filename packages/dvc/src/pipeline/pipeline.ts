import { dirname, join, resolve } from 'node:path';
import { InvalidFile } from '../errors.ts';
import { checkEntry, isMap, type Out, parseOut } from '../files/out.ts';
import type { Json } from '../objects/python-json.ts';
import { posixRelative } from '../workspace/relpath.ts';
import { readYaml } from '../yaml/read.ts';
import { fromYaml, type YamlMap, type YamlNode } from '../yaml/tree.ts';
import { expand, field, type Unrolled } from './expand.ts';
import { interpolate, type ParsingStyle, type Purpose } from './interpolate.ts';
import { type Lock, type LockEntry, readLock } from './lock.ts';
import { defaultParams, openScope, type Scope, stageScope } from './vars.ts';

/** A stage of a `dvc.yaml`, templates filled in, with what its lock file says. */
export interface Stage {
  /** As targets name it; `base` is the group that foreach or matrix made it from. */
  name: string;
  base: string;
  /** The `dvc.yaml`, absolute. */
  file: string;
  wdir: string;
  cmd: string | string[];
  deps: string[];
  /** Parameter files and the keys followed in them; none means the whole file. */
  params: { file: string; keys: string[] }[];
  outs: Out[];
  frozen: boolean;
  alwaysChanged: boolean;
  locked: LockEntry | undefined;
}

/** A `dvc.yaml` and its stages. */
export interface Pipeline {
  file: string;
  stages: Stage[];
  lock: Lock;
}

const topKeys = ['stages', 'vars', 'plots', 'params', 'metrics', 'artifacts', 'datasets'];
const definitionKeys = [
  'matrix',
  'cmd',
  'wdir',
  'deps',
  'params',
  'vars',
  'frozen',
  'meta',
  'desc',
  'always_changed',
  'outs',
  'metrics',
  'plots',
];
const outFlags = ['cache', 'persist', 'remote', 'push', 'desc', 'type', 'labels', 'meta'];
const plotFlags = ['x', 'y', 'x_label', 'y_label', 'title', 'header', 'template'];

/** Reads a `dvc.yaml` and the `dvc.lock` beside it; `style` is how mappings stand in commands. */
export function readPipeline(file: string, root: string, style: ParsingStyle = {}): Pipeline {
  const top = readYaml(file).root;
  const lock = readLock(join(dirname(file), 'dvc.lock'));
  if (top.kind === 'scalar' && top.value === null) return { file, stages: [], lock };
  const map = checkKeys(top, topKeys, 'the file', file);
  const scope = openScope(field(map, 'vars'), dirname(file), file);
  const stages = field(map, 'stages');
  const list =
    stages?.kind === 'map'
      ? stages.entries.flatMap(({ key, value }) => {
          const name = String(key.value);
          checkDefinition(value, `stages -> ${name}`, file);
          return expand(name, value, scope.context, `${file}: stage '${name}'`).map((unrolled) =>
            resolveStage(unrolled, name, { file, root, lock, scope, style }),
          );
        })
      : [];
  return { file, stages: list, lock };
}

/** Throws InvalidFile unless a stage, or the `do` of a foreach, has what DVC knows and needs. */
function checkDefinition(node: YamlNode, where: string, file: string): asserts node is YamlMap {
  const isEach = node.kind === 'map' && (field(node, 'foreach') || field(node, 'do'));
  const map = checkKeys(node, isEach ? ['foreach', 'do'] : definitionKeys, where, file);
  const needs = (name: string): YamlNode => {
    const found = field(map, name);
    if (!found)
      throw new InvalidFile(
        `'${file}' validation failed: required key not provided, in ${where} -> ${name}`,
        {
          file,
        },
      );
    return found;
  };
  if (!isEach) needs('cmd');
  else {
    needs('foreach');
    checkDefinition(needs('do'), `${where} -> do`, file);
  }
}

function resolveStage(
  unrolled: Unrolled,
  base: string,
  place: { file: string; root: string; lock: Lock; scope: Scope; style: ParsingStyle },
): Stage {
  const { file, root, lock, scope, style } = place;
  const { name, definition } = unrolled;
  const where = `${file}: stage '${name}'`;
  const fill = (key: string, context: Unrolled['context'], purpose: Purpose = { where }): Json => {
    const node = field(definition, key);
    return node ? fromYaml(interpolate(node, context, purpose)) : null;
  };
  const wdir = resolve(dirname(file), String(fill('wdir', unrolled.context) ?? '.'));
  const context = stageScope(scope, unrolled.context, field(definition, 'vars'), wdir, where);
  const data = (key: string): Json => fill(key, context);
  const locked = lock.stages.get(name);
  const outs = (['outs', 'metrics', 'plots'] as const).flatMap((kind) =>
    withFlags(data(kind), where, file, [
      'checkpoint',
      ...outFlags,
      ...(kind === 'plots' ? plotFlags : []),
    ]).map(({ path, flags }) => {
      const normal = posixRelative(wdir, resolve(wdir, path));
      const entry = locked?.outs.find((item) => item.path === normal || item.path === path);
      const kept = Object.fromEntries(Object.entries(flags).filter(([key]) => outFlags.includes(key)));
      checkEntry(kept, `stages -> ${name} -> ${path}`, file);
      const hash: Record<string, Json> = entry ? {} : { hash: 'md5' };
      return parseOut({ ...entry, ...kept, ...hash, path }, { file, wdir, root, stage: name });
    }),
  );
  const cmd = fill('cmd', context, { where, isCommand: true, style });
  return {
    name,
    base,
    file,
    wdir,
    cmd: Array.isArray(cmd) ? cmd.map(String) : String(cmd ?? ''),
    deps: withFlags(data('deps'), where, file, []).map(({ path }) => path),
    params: paramsOf(data('params'), where, file),
    outs,
    frozen: data('frozen') === true,
    alwaysChanged: data('always_changed') === true,
    locked,
  };
}

/** A list of paths, each with or without flags below it. */
function withFlags(
  list: Json,
  where: string,
  file: string,
  known: string[],
): { path: string; flags: Record<string, Json> }[] {
  if (list === null) return [];
  if (!Array.isArray(list)) throw new InvalidFile(`${where}: expected a list`, { file });
  return list.flatMap((item) => {
    if (typeof item === 'string' || typeof item === 'number') return [{ path: String(item), flags: {} }];
    if (!isMap(item))
      throw new InvalidFile(`${where}: expected a path, not ${JSON.stringify(item)}`, { file });
    return Object.entries(item).map(([path, flags]) => {
      if (flags !== null && !isMap(flags))
        throw new InvalidFile(`${where}: ${path} is followed by no mapping`, { file });
      for (const key of Object.keys(flags ?? {}))
        if (!known.includes(key))
          throw new InvalidFile(`${where}: extra keys not allowed, in ${path} -> ${key}`, { file });
      return { path, flags: flags ?? {} };
    });
  });
}

function paramsOf(list: Json, where: string, file: string): Stage['params'] {
  if (list === null) return [];
  if (!Array.isArray(list)) throw new InvalidFile(`${where}: params must be a list`, { file });
  const files = new Map<string, string[]>();
  const whole = new Set<string>();
  for (const item of list)
    for (const [name, keys] of Object.entries(isMap(item) ? item : { [defaultParams]: [String(item)] })) {
      if (!Array.isArray(keys) || keys.length === 0) whole.add(name);
      files.set(name, [...(files.get(name) ?? []), ...(Array.isArray(keys) ? keys.map(String) : [])]);
    }
  // A file that is followed as a whole is not followed by its keys as well.
  for (const name of whole) files.set(name, []);
  return [...files].map(([name, keys]) => ({ file: name, keys }));
}

function checkKeys(node: YamlNode, known: string[], where: string, file: string): YamlMap {
  if (node.kind !== 'map')
    throw new InvalidFile(`'${file}' validation failed: ${where} is not a mapping`, { file });
  for (const { key } of node.entries)
    if (!known.includes(String(key.value)))
      throw new InvalidFile(
        `'${file}' validation failed: extra keys not allowed, in ${where} -> ${key.value}`,
        { file },
      );
  return node;
}
