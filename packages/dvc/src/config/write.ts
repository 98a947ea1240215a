import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeAtomically } from '../files/pointer.ts';
import { type Ini, parseIni } from './ini.ts';

/** Changes one config file through `edit`; written as ConfigObj writes it, so comments are lost and remotes come last. */
export function editConfig(file: string, edit: (sections: Ini) => void): void {
  const sections = existsSync(file) ? parseIni(readFileSync(file, 'utf8'), file) : {};
  edit(sections);
  mkdirSync(dirname(file), { recursive: true });
  writeAtomically(file, formatIni(sections));
}

/** Sections as ConfigObj writes them: plain ones first, then those with a name of their own; empty ones are dropped. */
export function formatIni(sections: Ini): string {
  const isNamed = (section: string): boolean => section.includes('"');
  const order = Object.keys(sections).sort((a, b) => Number(isNamed(a)) - Number(isNamed(b)));
  return order
    .filter((section) => Object.keys(sections[section]!).length > 0)
    .map((section) => {
      const lines = Object.entries(sections[section]!).map(
        ([key, value]) => `    ${key} = ${formatValue(value)}\n`,
      );
      return `[${quote(section)}]\n${lines.join('')}`;
    })
    .join('');
}

function formatValue(value: string | string[]): string {
  if (!Array.isArray(value)) return value.includes('\n') ? `"""${value}"""` : quote(value);
  if (value.length === 0) return ',';
  return value.length === 1 ? `${quote(value[0]!)},` : value.map(quote).join(', ');
}

/** Quotes where ConfigObj would: around spaces or quotes at an end, commas and hashes. */
function quote(text: string): string {
  if (text === '') return '""';
  if (!/^[\s'"]|[\s'"]$|[,#]/.test(text)) return text;
  if (text.includes('"') && text.includes("'")) return `'''${text}'''`;
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}
