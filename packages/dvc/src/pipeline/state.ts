import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Json } from '../objects/python-json.ts';
import { look } from '../workspace/look.ts';
import { type DataState, recordData } from '../workspace/record.ts';
import { posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { fromYaml, type YamlNode } from '../yaml/tree.ts';
import { lookUp } from './interpolate.ts';
import type { Stage } from './pipeline.ts';
import { readParams } from './vars.ts';

/** Which of a stage's dependencies differ from its lock entry. Those that are urls are not looked at. */
export async function depStates(repo: Repo, stage: Stage): Promise<Record<string, DataState>> {
  const states: Record<string, DataState> = {};
  for (const dep of stage.deps) {
    if (isUrl(dep)) continue;
    const path = resolve(stage.wdir, dep);
    const found = look(repo, path, { follow: true });
    const name = posixRelative(repo.cwd, path);
    const locked = stage.locked?.deps.find(
      (entry) => entry.path === posixRelative(stage.wdir, path) || entry.path === dep,
    );
    if (found.kind === 'nothing') states[name] = 'deleted';
    else if (found.kind === 'other') states[name] = 'modified';
    else if (!locked?.md5) states[name] = 'new';
    else {
      const hash = locked.hash === undefined ? 'md5-dos2unix' : 'md5';
      const { record } = await recordData(repo, found, { hash, keep: false });
      if (record.oid !== locked.md5) states[name] = 'modified';
    }
  }
  return states;
}

/** Whether a dependency is a url, not a path. */
export const isUrl = (dep: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(dep);

/** Which parameters differ from a stage's lock entry. */
export function paramStates(stage: Stage): Record<string, Record<string, string> | DataState> {
  const states: Record<string, Record<string, string> | DataState> = {};
  for (const { file, keys } of stage.params) {
    if (!existsSync(join(stage.wdir, file))) {
      states[file] = 'deleted';
      continue;
    }
    const now = paramValues(stage.wdir, file, keys);
    const locked = stage.locked?.params[file];
    const before: Record<string, Json> =
      typeof locked === 'object' && locked !== null && !Array.isArray(locked) ? locked : {};
    const changed: Record<string, string> = {};
    for (const [key, value] of Object.entries(now)) {
      if (!(key in before)) changed[key] = value === undefined ? 'deleted' : 'new';
      else if (value === undefined) changed[key] = 'deleted';
      else if (JSON.stringify(fromYaml(value)) !== JSON.stringify(before[key])) changed[key] = 'modified';
    }
    if (Object.keys(changed).length > 0) states[file] = changed;
  }
  return states;
}

/** The values of a parameter file's keys (all of its top ones if none are named); undefined for those it lacks. */
export function paramValues(
  wdir: string,
  file: string,
  keys: string[],
): Record<string, YamlNode | undefined> {
  const root = readParams(join(wdir, file));
  const context = new Map(
    root.kind === 'map' ? root.entries.map(({ key, value }) => [String(key.value), value]) : [],
  );
  const wanted = keys.length > 0 ? keys : [...context.keys()];
  return Object.fromEntries(
    wanted.map((key) => {
      try {
        return [key, context.get(key) ?? lookUp(key, context, file)];
      } catch {
        return [key, undefined];
      }
    }),
  );
}
