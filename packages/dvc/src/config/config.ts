import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { ConfigError, DvcError } from '../errors.ts';
import { parseIni } from './ini.ts';
import { levelFiles } from './levels.ts';
import { checkSections, nameOf } from './schema.ts';

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
  const merged = mergeConfig(levelFiles(dvcDir, env));
  const remotes = new Map<string, RemoteConfig>();
  for (const [section, keys] of Object.entries(merged)) {
    const { kind, name } = nameOf(section) ?? {};
    if (kind !== 'remote') continue;
    const { url, ...options } = strings(keys);
    remotes.set(name!, { name: name!, url: url ?? '', options });
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
    cacheShared: String(cache.shared).toLowerCase() === 'group',
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

/** What config files say together, the later ones winning; `last` stands in for what its file says. */
export function mergeConfig(
  files: string[],
  options: { last?: { file: string; sections: Sections }; unchecked?: boolean } = {},
): Sections {
  const { last } = options;
  const merged: Sections = {};
  const origin = new Map<string, string>();
  for (const file of files) {
    const sections = file === last?.file ? resolvePaths(last.sections, file) : readConfig(file);
    for (const [name, keys] of Object.entries(sections)) {
      merged[name] = { ...merged[name], ...keys };
      origin.set(name, file);
    }
  }
  if (!options.unchecked) checkSections(merged, (section) => origin.get(section) ?? '');
  return merged;
}

/** One config file, its paths made absolute; empty if there is none. */
export function readConfig(file: string): Sections {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return {};
    throw new ConfigError(`configuration error - cannot read ${file}`, { cause, file });
  }
  return resolvePaths(parseIni(text, file), file);
}

function resolvePaths(raw: Sections, file: string): Sections {
  const sections: Sections = {};
  for (const [section, keys] of Object.entries(raw)) {
    const own = nameOf(section);
    const resolved = Object.entries(keys).map(([key, value]): [string, string | string[]] => [
      key,
      isPathKey(section, key) && typeof value === 'string' ? absolutePath(value, dirname(file)) : value,
    ]);
    sections[own ? `${own.kind} "${own.name}"` : section] = Object.fromEntries(resolved);
  }
  return sections;
}

const remotePaths = ['url', 'credentialpath', 'configpath', 'keyfile', 'cert_path', 'key_path'];

/** Whether an option is a path, seen from the folder of its file. */
export function isPathKey(section: string, key: string): boolean {
  if (section === 'cache') return key === 'dir';
  return nameOf(section)?.kind === 'remote' && remotePaths.includes(key);
}

/** A path in a config file is seen from the folder of that file; a url stays as it is. */
function absolutePath(path: string, folder: string): string {
  if (/^\w+:\/\//.test(path)) return path;
  if (path === '~' || /^~[/\\]/.test(path)) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : resolve(folder, path);
}

const lowercased = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.toLowerCase()]));

function strings(keys: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(keys).map(([key, item]) => [key, String(item)]));
}
