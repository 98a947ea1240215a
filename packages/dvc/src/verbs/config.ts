import { dirname, relative } from 'node:path';
import { mergeConfig, readConfig, type Sections } from '../config/config.ts';
import { type Level, levelFile, levelFiles } from '../config/levels.ts';
import { nameOf } from '../config/schema.ts';
import { editConfig, type Place } from '../config/write.ts';
import { BadArguments, ConfigError } from '../errors.ts';

/** A setting as `config` shows it: its full name, its value, and the file that makes it. */
export interface Setting {
  name: string;
  value: string;
  file: string;
}

/** A name like `core.remote` or `remote.s3.url`, taken apart. */
function split(name: string): { section: string; key: string; shown: string } {
  const [, kind, own, key] = /^(?:(remote|db)\.)?([^.]*)\.([^.]*)$/.exec(name) ?? [];
  if (own === undefined || key === undefined)
    throw new BadArguments(
      'argument name: name argument should look like remote.name.option or db.name.option or section.option',
    );
  const section = own.toLowerCase();
  return {
    section: kind ? `${kind} "${section}"` : section,
    key: key.toLowerCase(),
    shown: `${kind ?? 'section'} '${section}'`,
  };
}

/** Every setting of every file (or of one level), weakest file first, paths as they are used. */
export function listConfig({ dvcDir }: Place, level?: Level): Setting[] {
  const files = level ? [levelFile(level, dvcDir)] : levelFiles(dvcDir, process.env);
  return files.flatMap((file) => {
    const sections = Object.entries(readConfig(file)).map(([section, keys]) => {
      const own = nameOf(section);
      return { own, prefix: own ? `${own.kind}.${own.name}` : section, keys };
    });
    // As DVC lists them: what has a name of its own comes first.
    sections.sort((a, b) => Number(!a.own) - Number(!b.own));
    return sections.flatMap(({ prefix, keys }) =>
      Object.entries(keys).map(([key, value]) => ({
        name: `${prefix}.${key}`,
        value: typeof value === 'string' ? value : `[${value.map((item) => `'${item}'`).join(', ')}]`,
        file,
      })),
    );
  });
}

/** One setting, the strongest file's; undefined if none makes it. With a level, that is an error. */
export function getConfig(place: Place, name: string, level?: Level): Setting | undefined {
  const { section, key, shown } = split(name);
  const own = nameOf(section);
  const full = `${own ? `${own.kind}.${own.name}` : section}.${key}`;
  const found = listConfig(place, level).findLast((setting) => setting.name === full);
  if (!found && level) throw missing(key, shown, section in sectionsOf(place, level));
  return found;
}

/** Makes a setting, or takes it away; refuses what DVC does not know. */
export function setConfig(
  place: Place,
  name: string,
  value: string | undefined,
  level: Level = 'project',
): void {
  const { section, key, shown } = split(name);
  editConfig(place, level, (sections) => {
    if (value === undefined) {
      if (sections[section]?.[key] === undefined) throw missing(key, shown, section in sections);
      delete sections[section][key];
    } else sections[section] = { ...sections[section], [key]: value };
  });
}

function missing(key: string, section: string, exists: boolean): ConfigError {
  return new ConfigError(
    `configuration error - config file error: ${exists ? `option '${key}' doesn't exist in ${section}` : `${section} doesn't exist`}`,
  );
}

/** What all files, or one level's, say together, unchecked: what is wrong in them can be put right. */
export const sectionsOf = ({ dvcDir }: Place, level?: Level): Sections =>
  level
    ? readConfig(levelFile(level, dvcDir))
    : mergeConfig(levelFiles(dvcDir, process.env), { unchecked: true });

/** How a file is named before its settings: the repository's own from its root. */
export const originOf = (file: string, { dvcDir }: Place): string =>
  dvcDir && dirname(file) === dvcDir ? relative(dirname(dvcDir), file) : file;
