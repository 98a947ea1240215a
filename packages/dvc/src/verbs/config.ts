import { existsSync, readFileSync } from 'node:fs';
import { remoteName } from '../config/config.ts';
import { type Ini, parseIni } from '../config/ini.ts';
import { type Level, levelFile, levelFiles } from '../config/levels.ts';
import { checkRemote, checkSection } from '../config/schema.ts';
import { editConfig } from '../config/write.ts';
import { ConfigError } from '../errors.ts';
import type { Repo } from '../workspace/repo.ts';

/** A name like `core.remote` or `remote.s3.url`, taken apart. */
function split(name: string): { section: string; key: string } {
  const match = /^(?:(remote|machine|db)\.(.+)|([^.]+))\.([^.]+)$/i.exec(name);
  if (!match)
    throw new ConfigError(
      `configuration error - name argument should look like section.option or remote.name.option, not '${name}'`,
    );
  const [, kind, own, plain, key] = match;
  return {
    section: kind ? `${kind.toLowerCase()} "${own!.toLowerCase()}"` : plain!.toLowerCase(),
    key: key!.toLowerCase(),
  };
}

/** Every setting that is made, later files winning, as `name` → value. */
export function listConfig(repo: Repo, level?: Level): Record<string, string> {
  const result: Record<string, string> = {};
  for (const file of level ? [levelFile(level, repo.dvcDir)] : levelFiles(repo.dvcDir, process.env)) {
    for (const [section, keys] of Object.entries(read(file)))
      for (const [key, value] of Object.entries(keys)) {
        const remote = remoteName(section);
        result[`${remote === undefined ? section : `remote.${remote}`}.${key}`] = String(value);
      }
  }
  return result;
}

/** One setting's value; throws ConfigError if it is not made. */
export function getConfig(repo: Repo, name: string, level?: Level): string {
  const { section, key } = split(name);
  let value: string | undefined;
  for (const file of level ? [levelFile(level, repo.dvcDir)] : levelFiles(repo.dvcDir, process.env)) {
    const found = read(file)[section]?.[key];
    if (found !== undefined) value = String(found);
  }
  if (value === undefined)
    throw new ConfigError(`configuration error - option '${key}' doesn't exist in section '${section}'`);
  return value;
}

/** Makes a setting, or takes it away; refuses what DVC does not know. */
export function setConfig(
  repo: Repo,
  name: string,
  value: string | undefined,
  level: Level = 'project',
): void {
  const { section, key } = split(name);
  const file = levelFile(level, repo.dvcDir);
  editConfig(file, (sections) => {
    const old = sections[section] ?? {};
    if (value === undefined) {
      if (old[key] === undefined)
        throw new ConfigError(`configuration error - option '${key}' doesn't exist in section '${section}'`);
      delete old[key];
      return;
    }
    const keys = { ...old, [key]: value };
    const remote = remoteName(section);
    if (remote === undefined) checkSection(section, keys, file);
    else checkRemote(remote, keys, file);
    sections[section] = keys;
  });
}

const read = (file: string): Ini => (existsSync(file) ? parseIni(readFileSync(file, 'utf8'), file) : {});
