import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { type Level, levelFile } from '../config/levels.ts';
import { checkRemote } from '../config/schema.ts';
import { editConfig } from '../config/write.ts';
import { ConfigError, type DvcError } from '../errors.ts';
import type { Repo } from '../workspace/repo.ts';

/** Which config file a change goes to; the repository's own if left out. */
export interface LevelOption {
  level?: Level;
}

const sectionOf = (name: string): string => `remote "${name.toLowerCase()}"`;

/** The remotes there are, their urls, and which is the default. */
export function listRemotes(repo: Repo): { name: string; url: string; isDefault: boolean }[] {
  return [...repo.config.remotes.values()].map(({ name, url }) => ({
    name,
    url,
    isDefault: name === repo.config.defaultRemote,
  }));
}

/** Adds a remote; a relative folder is seen from the working directory, and written as seen from the config file. */
export function addRemote(
  repo: Repo,
  name: string,
  url: string,
  options: LevelOption & { isDefault?: boolean; force?: boolean } = {},
): void {
  const file = fileOf(repo, options);
  editConfig(file, (sections) => {
    const section = sectionOf(name);
    if (sections[section] && !options.force)
      throw new ConfigError(
        `configuration error - config file error: remote '${name}' already exists. Use \`-f|--force\` to overwrite it.`,
        { file },
      );
    sections[section] = { url: urlFrom(repo, url, file) };
    if (options.isDefault) sections.core = { ...sections.core, remote: name.toLowerCase() };
  });
}

/** Makes a remote the default, or (without a name) says which is. */
export function defaultRemote(
  repo: Repo,
  name: string | undefined,
  options: LevelOption & { unset?: boolean } = {},
): string | undefined {
  if (name === undefined && !options.unset) return repo.config.defaultRemote;
  if (name !== undefined && !repo.config.remotes.has(name.toLowerCase())) throw unknown(repo, name);
  editConfig(fileOf(repo, options), (sections) => {
    const { remote: _, ...core } = sections.core ?? {};
    sections.core = name === undefined ? core : { remote: name.toLowerCase(), ...core };
  });
  return name;
}

/** Sets (or, without a value, takes away) one option of a remote; refuses options and values DVC does not know. */
export function modifyRemote(
  repo: Repo,
  name: string,
  option: string,
  value: string | undefined,
  options: LevelOption = {},
): void {
  if (!repo.config.remotes.has(name.toLowerCase())) throw unknown(repo, name);
  const file = fileOf(repo, options);
  const url = repo.config.remotes.get(name.toLowerCase())!.url;
  editConfig(file, (sections) => {
    const key = option.toLowerCase();
    const { [key]: _, ...rest } = sections[sectionOf(name)] ?? {};
    const text = key === 'url' && value !== undefined ? urlFrom(repo, value, file) : value;
    checkRemote(name, { url, ...rest, ...(text === undefined ? {} : { [key]: text }) }, file);
    sections[sectionOf(name)] = text === undefined ? rest : { ...sections[sectionOf(name)], [key]: text };
  });
}

/** Takes a remote away, and it as the default. */
export function removeRemote(repo: Repo, name: string, options: LevelOption = {}): void {
  editConfig(fileOf(repo, options), (sections) => {
    if (!sections[sectionOf(name)]) throw unknown(repo, name);
    delete sections[sectionOf(name)];
    if (sections.core?.remote === name.toLowerCase()) delete sections.core.remote;
  });
}

/** Gives a remote another name, also where it is the default. */
export function renameRemote(repo: Repo, name: string, to: string, options: LevelOption = {}): void {
  editConfig(fileOf(repo, options), (sections) => {
    const old = sections[sectionOf(name)];
    if (!old) throw unknown(repo, name);
    if (sections[sectionOf(to)]) throw new ConfigError(`configuration error - remote '${to}' already exists`);
    sections[sectionOf(to)] = old;
    delete sections[sectionOf(name)];
    if (sections.core?.remote === name.toLowerCase()) sections.core.remote = to.toLowerCase();
  });
}

const fileOf = (repo: Repo, { level = 'project' }: LevelOption): string => levelFile(level, repo.dvcDir);

function unknown(repo: Repo, name: string): DvcError {
  return new ConfigError(`configuration error - config file error: remote '${name}' doesn't exist.`, {
    hint: `the remotes here are: ${[...repo.config.remotes.keys()].join(', ') || 'none'}`,
  });
}

function urlFrom(repo: Repo, url: string, file: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(url) || isAbsolute(url) || url.startsWith('~')) return url;
  const folder = existsSync(dirname(file)) ? dirname(file) : repo.dvcDir;
  return relative(folder, resolve(repo.cwd, url)).split(sep).join('/');
}
