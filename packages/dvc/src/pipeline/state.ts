import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMap } from '../files/out.ts';
import { pythonJson } from '../objects/python-json.ts';
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
    // One that was never locked differs from nothing: to DVC that is a change as well.
    else if (found.kind === 'other' || !locked?.md5) states[name] = 'modified';
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
export function paramStates(repo: Repo, stage: Stage): Record<string, Record<string, string> | DataState> {
  const states: Record<string, Record<string, string> | DataState> = {};
  for (const { file, keys } of stage.params) {
    const name = posixRelative(repo.cwd, resolve(stage.wdir, file));
    const locked = stage.locked?.params[file];
    if (!existsSync(join(stage.wdir, file))) states[name] = 'deleted';
    else if (!isMap(locked)) states[name] = 'new';
    else {
      const changed: Record<string, string> = {};
      const now = paramValues(stage.wdir, file, keys);
      for (const key of new Set([...Object.keys(now), ...(keys.length > 0 ? [] : Object.keys(locked))])) {
        const [value, before] = [now[key], locked[key]];
        if (value === undefined) changed[key] = 'deleted';
        else if (before === undefined) changed[key] = 'new';
        else if (pythonJson(fromYaml(value)) !== pythonJson(before)) changed[key] = 'modified';
      }
      if (Object.keys(changed).length > 0) states[name] = changed;
    }
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
