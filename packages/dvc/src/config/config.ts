import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { ConfigError, DvcError } from '../errors.ts';
import { parseIni } from './ini.ts';
import { levelFiles } from './levels.ts';
import { checkRemote, checkSection } from './schema.ts';

/** One `[remote "name"]`: its url made absolute, its other options as written. */
export interface RemoteConfig {
  name: string;
  url: string;
  options: Record<string, string>;
}

/** What DVC's config files say together, later ones winning. */
export interface Config {
  /** `core.remote`. */
  defaultRemote: string | undefined;
  remotes: Map<string, RemoteConfig>;
  core: Record<string, string>;
  /** `[parsing]`: how mappings stand in commands. */
  parsing: Record<string, string>;
  /** `cache.dir`, absolute. */
  cacheDir: string | undefined;
  /** `cache.type` in order of preference. */
  cacheTypes: string[];
  /** `cache.shared = group`. */
  cacheShared: boolean;
}

/** Sections of keys, as in the file. */
export type Sections = Record<string, Record<string, string | string[]>>;

/** Reads system, global, repository and local config of the repository whose `.dvc` folder this is. */
export function loadConfig(dvcDir: string, env: NodeJS.ProcessEnv = process.env): Config {
  const merged: Sections = {};
  for (const file of levelFiles(dvcDir, env)) {
    const sections = readConfig(file);
    for (const [name, keys] of Object.entries(sections)) merged[name] = { ...merged[name], ...keys };
  }
  const remotes = new Map<string, RemoteConfig>();
  for (const [section, keys] of Object.entries(merged)) {
    const name = remoteName(section);
    if (name === undefined) continue;
    const { url, ...options } = strings(keys);
    remotes.set(name, { name, url: url ?? '', options });
  }
  const core = strings(merged.core ?? {});
  const cache = merged.cache ?? {};
  const types = cache.type ?? ['reflink', 'copy'];
  return {
    defaultRemote: core.remote?.toLowerCase(),
    remotes,
    core,
    parsing: lowercased(strings(merged.parsing ?? {})),
    cacheDir: typeof cache.dir === 'string' ? cache.dir : undefined,
    cacheTypes: typeof types === 'string' ? types.split(',').map((type) => type.trim()) : types,
    cacheShared: cache.shared === 'group',
  };
}

/** The remote of this name, `remote://` chains followed; names are case-insensitive as DVC lowercases them. */
export function findRemote(config: Config, name: string): RemoteConfig {
  const seen: string[] = [];
  let key = name.toLowerCase();
  let tail = '';
  let options: Record<string, string> = {};
  for (;;) {
    const remote = config.remotes.get(key);
    if (!remote?.url)
      throw new DvcError(`config file error: remote '${key}' doesn't exist`, {
        hint: `the remotes here are: ${[...config.remotes.keys()].join(', ') || 'none'}`,
      });
    if (seen.includes(key))
      throw new ConfigError(`configuration error - remotes refer to each other: ${seen.join(' → ')}`);
    seen.push(key);
    options = { ...remote.options, ...options };
    const nested = /^remote:\/\/([^/]+)\/?(.*)$/.exec(remote.url);
    if (!nested)
      return {
        name: name.toLowerCase(),
        url: tail ? `${remote.url.replace(/\/$/, '')}/${tail}` : remote.url,
        options,
      };
    tail = [nested[2], tail].filter(Boolean).join('/');
    key = nested[1]!.toLowerCase();
  }
}

/** One config file, checked, its paths made absolute; empty if there is none. */
export function readConfig(file: string): Sections {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return {};
    throw new ConfigError(`configuration error - cannot read ${file}`, { cause, file });
  }
  const sections: Sections = {};
  for (const [section, keys] of Object.entries(parseIni(text, file))) {
    const name = remoteName(section);
    if (name === undefined) {
      checkSection(section, keys, file);
      sections[section] = keys;
    } else {
      checkRemote(name, keys, file);
      sections[`remote "${name}"`] = keys;
    }
    for (const key of ['url', 'dir', 'credentialpath', 'configpath', 'keyfile']) {
      const path = keys[key];
      if (typeof path === 'string' && (name !== undefined || section === 'cache'))
        keys[key] = absolutePath(path, dirname(file));
    }
  }
  return sections;
}

/** The name in `remote "name"`. */
export const remoteName = (section: string): string | undefined =>
  /^\s*remote\s*"(.*)"\s*$/.exec(section)?.[1];

/** A path in a config file is seen from the folder of that file; a url stays as it is. */
function absolutePath(path: string, folder: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return path;
  if (path === '~' || /^~[/\\]/.test(path)) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : resolve(folder, path);
}

const lowercased = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.toLowerCase()]));

function strings(keys: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(keys).map(([key, item]) => [key, String(item)]));
}
