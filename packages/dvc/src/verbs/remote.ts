import type { Ini } from '../config/ini.ts';
import { type Level, levelFile, levels } from '../config/levels.ts';
import { nameOf } from '../config/schema.ts';
import { editConfig, type Place } from '../config/write.ts';
import { ConfigError } from '../errors.ts';
import { sectionsOf } from './config.ts';

/** Which config file a change goes to; the repository's own if left out. */
export interface LevelOption {
  level?: Level;
}

const sectionOf = (name: string): string => `remote "${name.toLowerCase()}"`;

/** The remotes there are (in one level's file, if one is named), their urls, and which is the default. */
export function listRemotes(
  place: Place,
  { level }: LevelOption = {},
): { name: string; url: string; isDefault: boolean }[] {
  const sections = sectionsOf(place, level);
  return Object.entries(sections).flatMap(([section, keys]) => {
    const { kind, name } = nameOf(section) ?? {};
    if (kind !== 'remote') return [];
    return [{ name: name!, url: String(keys.url ?? ''), isDefault: defaultOf(sections) === name }];
  });
}

const defaultOf = (sections: Ini): string | undefined => {
  const name = sections.core?.remote;
  return name === undefined ? undefined : String(name).toLowerCase();
};

/** Adds a remote; a relative folder is seen from the working directory, and written as seen from the config file. */
export function addRemote(
  place: Place,
  name: string,
  url: string,
  options: LevelOption & { isDefault?: boolean; force?: boolean } = {},
): void {
  editConfig(place, options.level ?? 'project', (sections, file) => {
    const section = sectionOf(name);
    if (sections[section] && !options.force)
      throw failure(
        `remote '${name.toLowerCase()}' already exists. Use \`-f|--force\` to overwrite it.`,
        file,
      );
    sections[section] = { url };
    if (options.isDefault) sections.core = { ...sections.core, remote: name.toLowerCase() };
  });
}

/** Makes a remote the default, or (without a name) says which is. */
export function defaultRemote(
  place: Place,
  name: string | undefined,
  options: LevelOption & { unset?: boolean } = {},
): string | undefined {
  const { level = 'project', unset } = options;
  if (name === undefined && !unset) return defaultOf(sectionsOf(place, options.level));
  editConfig(place, level, (sections, file) => {
    if (unset) delete sections.core?.remote;
    else if (!knows(place, sections, name!))
      throw failure('default remote must be present in remote list.', file, hintOf(place));
    else sections.core = { ...sections.core, remote: name!.toLowerCase() };
  });
  return name;
}

/** Sets (or, without a value, takes away) one option of a remote; refuses options and values DVC does not know. */
export function modifyRemote(
  place: Place,
  name: string,
  option: string,
  value: string | undefined,
  options: LevelOption = {},
): void {
  editConfig(place, options.level ?? 'project', (sections, file) => {
    if (!knows(place, sections, name)) throw unknown(place, name, file);
    const { [option.toLowerCase()]: _, ...rest } = sections[sectionOf(name)] ?? {};
    sections[sectionOf(name)] =
      value === undefined ? rest : { ...sections[sectionOf(name)], [option.toLowerCase()]: value };
  });
}

/** Takes a remote away, and it as the default, here and in the files that are stronger. */
export function removeRemote(place: Place, name: string, { level = 'project' }: LevelOption = {}): void {
  const shadows = shadowing(level).filter((above) => names(place, above, name));
  editConfig(place, level, (sections, file) => {
    if (!sections[sectionOf(name)]) throw unknown(place, name, file);
    // The default goes first: what names it would not be valid without it.
    delete sections[sectionOf(name)];
    if (defaultOf(sections) === name.toLowerCase()) delete sections.core?.remote;
  });
  for (const above of shadows) editConfig(place, above, ({ core }) => void delete core?.remote);
}

/** Gives a remote another name, also where it is the default. */
export function renameRemote(
  place: Place,
  name: string,
  to: string,
  { level = 'project' }: LevelOption = {},
): void {
  const shadows = shadowing(level).filter((above) => names(place, above, name));
  if (sectionsOf(place)[sectionOf(to)])
    throw failure(`Rename failed. Remote name '${to}' already exists.`, levelFile(level, place.dvcDir));
  const rename = (sections: Ini): void => {
    if (defaultOf(sections) === name.toLowerCase()) sections.core!.remote = to.toLowerCase();
  };
  editConfig(place, level, (sections, file) => {
    const old = sections[sectionOf(name)];
    if (!old) throw unknown(place, name, file);
    delete sections[sectionOf(name)];
    sections[sectionOf(to)] = old;
    rename(sections);
  });
  for (const above of shadows) editConfig(place, above, rename);
}

/** The levels whose files are stronger than that of `level`. */
const shadowing = (level: Level): Level[] => levels.slice(levels.indexOf(level) + 1);

const names = (place: Place, level: Level, name: string): boolean =>
  defaultOf(sectionsOf(place, level)) === name.toLowerCase();

const knows = (place: Place, sections: Ini, name: string): boolean =>
  sections[sectionOf(name)] !== undefined || sectionsOf(place)[sectionOf(name)] !== undefined;

const failure = (why: string, file: string, hint?: string): ConfigError =>
  new ConfigError(`configuration error - config file error: ${why}`, { file, ...(hint ? { hint } : {}) });

const unknown = (place: Place, name: string, file: string): ConfigError =>
  failure(`remote '${name}' doesn't exist.`, file, hintOf(place));

const hintOf = (place: Place): string =>
  `the remotes here are: ${
    listRemotes(place)
      .map(({ name }) => name)
      .join(', ') || 'none'
  }`;
