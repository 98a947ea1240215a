import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InvalidFile } from '../errors.ts';
import { isMap, type Out, parseOut } from '../files/out.ts';
import type { Json } from '../objects/python-json.ts';
import { posixRelative } from '../workspace/relpath.ts';
import { parseYaml } from '../yaml/parse.ts';
import { fromYaml, type YamlMap, type YamlNode } from '../yaml/tree.ts';
import { expand, field, type Unrolled } from './expand.ts';
import { type Context, interpolate } from './interpolate.ts';
import { type Lock, type LockEntry, readLock } from './lock.ts';
import { loadVars } from './vars.ts';

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
const stageKeys = [
  'cmd',
  'wdir',
  'deps',
  'params',
  'frozen',
  'meta',
  'desc',
  'always_changed',
  'outs',
  'metrics',
  'plots',
  'vars',
  'foreach',
  'do',
  'matrix',
];
const outFlags = ['cache', 'persist', 'remote', 'push', 'desc', 'type', 'labels', 'meta'];
const plotFlags = ['x', 'y', 'x_label', 'y_label', 'title', 'header', 'template'];

/** Reads a `dvc.yaml` and the `dvc.lock` beside it. */
export function readPipeline(file: string, root: string): Pipeline {
  let top: YamlNode;
  try {
    top = parseYaml(readFileSync(file, 'utf8')).root;
  } catch (cause) {
    throw new InvalidFile(`'${file}' is not valid YAML: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
      file,
    });
  }
  const lock = readLock(join(dirname(file), 'dvc.lock'));
  if (top.kind === 'scalar' && top.value === null) return { file, stages: [], lock };
  const map = checkKeys(top, topKeys, 'the file', file);
  const context: Context = new Map();
  const here = dirname(file);
  const stages = field(map, 'stages');
  loadVars(context, field(map, 'vars'), here, file, true);
  const list =
    stages?.kind === 'map'
      ? stages.entries.flatMap(({ key, value }) => {
          const name = String(key.value);
          const where = `${file}: stage '${name}'`;
          return expand(name, checkKeys(value, stageKeys, `stages -> ${name}`, file), context, where).map(
            (unrolled) => resolveStage(unrolled, name, { file, root, lock }),
          );
        })
      : [];
  return { file, stages: list, lock };
}

function resolveStage(
  unrolled: Unrolled,
  base: string,
  place: { file: string; root: string; lock: Lock },
): Stage {
  const { file, root, lock } = place;
  const { name, definition } = unrolled;
  const where = `${file}: stage '${name}'`;
  const fill = (key: string, context: Context): YamlNode | undefined => {
    const node = field(definition, key);
    return node && interpolate(node, context, where, key === 'cmd');
  };
  const wdirNode = fill('wdir', unrolled.context);
  const wdir = resolve(dirname(file), wdirNode?.kind === 'scalar' ? String(wdirNode.value ?? '.') : '.');
  const context: Context = new Map(unrolled.context);
  loadVars(context, field(definition, 'vars'), wdir, where, false);
  const data = (key: string): Json => {
    const node = fill(key, context);
    return node ? fromYaml(node) : null;
  };
  const locked = lock.stages.get(name);
  const outs = (['outs', 'metrics', 'plots'] as const).flatMap((kind) =>
    withFlags(data(kind), where, file, kind === 'plots' ? [...outFlags, ...plotFlags] : outFlags).map(
      ({ path, flags }) => {
        const normal = posixRelative(wdir, resolve(wdir, path));
        const entry = locked?.outs.find((item) => item.path === normal || item.path === path);
        const kept = Object.fromEntries(Object.entries(flags).filter(([key]) => outFlags.includes(key)));
        const hash: Record<string, Json> = entry ? {} : { hash: 'md5' };
        return parseOut({ ...entry, ...kept, ...hash, path }, { file, wdir, root, stage: name });
      },
    ),
  );
  const cmd = data('cmd');
  return {
    name,
    base,
    file,
    wdir,
    cmd: Array.isArray(cmd) ? cmd.map(String) : String(cmd ?? ''),
    deps: withFlags(data('deps'), where, file, ['fs_config']).map(({ path }) => path),
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
  for (const item of list) {
    if (typeof item === 'string') files.set('params.yaml', [...(files.get('params.yaml') ?? []), item]);
    else if (isMap(item))
      for (const [name, keys] of Object.entries(item))
        files.set(name, [...(files.get(name) ?? []), ...(Array.isArray(keys) ? keys.map(String) : [])]);
  }
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
