import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { writeAtomically } from '../files/pointer.ts';
import { isPathKey, mergeConfig } from './config.ts';
import { type Ini, parseIni } from './ini.ts';
import { type Level, levelFile, levelFiles } from './levels.ts';
import { nameOf } from './schema.ts';

/** Where configuration is changed from. */
export interface Place {
  cwd: string;
  /** The repository's `.dvc`; none outside of one. */
  dvcDir: string | undefined;
}

/**
 * Changes one config file through `edit`; written as ConfigObj writes it, so comments are lost and remotes come last.
 * Paths set by `edit` are seen from the working directory. Throws ConfigError, the file untouched, on what DVC would refuse.
 */
export function editConfig(place: Place, level: Level, edit: (sections: Ini, file: string) => void): void {
  const file = levelFile(level, place.dvcDir);
  const sections = existsSync(file) ? parseIni(readFileSync(file, 'utf8'), file) : {};
  const before = structuredClone(sections);
  edit(sections, file);
  const folder = dirname(file);
  for (const [section, keys] of Object.entries(sections))
    for (const [key, value] of Object.entries(keys)) {
      if (!isPathKey(section, key) || typeof value !== 'string' || !isRelative(value)) continue;
      const from = before[section]?.[key] === value ? folder : place.cwd;
      keys[key] = relative(folder, resolve(from, value)).split(sep).join('/') || '.';
    }
  const files = levelFiles(place.dvcDir, process.env);
  mergeConfig(files.slice(0, files.indexOf(file) + 1), { last: { file, sections } });
  mkdirSync(folder, { recursive: true });
  // One that is a link (to somebody's dotfiles, say) stays a link.
  writeAtomically(existsSync(file) ? realpathSync(file) : file, formatIni(sections));
}

const isRelative = (path: string): boolean =>
  !/^\w+:\/\//.test(path) && !isAbsolute(path) && !path.startsWith('~');

/** Sections as ConfigObj writes them: plain ones first, unless empty, then those with a name of their own. */
export function formatIni(sections: Ini): string {
  const kinds = ['remote', 'machine', 'db'];
  const rank = (section: string): number => kinds.indexOf(nameOf(section)?.kind ?? '');
  return Object.keys(sections)
    .sort((a, b) => rank(a) - rank(b))
    .filter((section) => rank(section) >= 0 || Object.keys(sections[section]!).length > 0)
    .map((section) => {
      const lines = Object.entries(sections[section]!).map(
        ([key, value]) => `    ${quote(key)} = ${formatValue(value)}\n`,
      );
      return `[${quote(section)}]\n${lines.join('')}`;
    })
    .join('');
}

function formatValue(value: string | string[]): string {
  if (!Array.isArray(value)) {
    if (!value.includes('\n') && !(value.includes("'") && value.includes('"'))) return quote(value);
    return value.includes('"""') ? `'''${value}'''` : `"""${value}"""`;
  }
  if (value.length === 0) return ',';
  return value.length === 1 ? `${quote(value[0]!)},` : value.map(quote).join(', ');
}

/** Quotes where ConfigObj would: around spaces or quotes at an end, commas and hashes. */
function quote(text: string): string {
  if (text === '') return '""';
  if (!/^[\s'"]|[\s'"]$|[,#]/.test(text)) return text;
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}
