import { ConfigError } from '../errors.ts';

/** A file as ConfigObj (which DVC reads its config with) sees it: sections of keys; a comma makes a value a list. */
export type Ini = Record<string, Record<string, string | string[]>>;

// These four patterns are ConfigObj's own grammar, so that odd files mean here what they mean there.
const section =
  /^\s*((?:\[\s*)+)((?:"\s*\S.*?\s*")|(?:'\s*\S.*?\s*')|(?:[^'"\s].*?))((?:\s*\]\s*)+)(?:\s*(?:#.*)?)?$/;
const keyword = /^\s*((?:".*?")|(?:'.*?')|(?:[^'"=].*?))\s*=\s*(.*)$/;
const value =
  /^(?:(?:((?:(?:(?:".*?")|(?:'.*?')|(?:[^'",#][^,#]*?))\s*,\s*)*)((?:".*?")|(?:'.*?')|(?:[^'",#\s][^,]*?)|(?:(?<!,)))?)|(,))(?:\s*(?:#.*)?)?$/;
const listItem = /((?:".*?")|(?:'.*?')|(?:[^'",#]?.*?))\s*,\s*/g;

const unquote = (text: string): string =>
  text.length >= 2 && /^(['"]).*\1$/s.test(text) ? text.slice(1, -1) : text;

/** Reads `text`; names are lowercased as DVC does. Keys before any section are an error, as every one is unknown. */
export function parseIni(text: string, file: string): Ini {
  const result: Ini = {};
  const names = new Set<string>();
  const once = (name: string, what: string, fail: (why: string) => never): void => {
    if (names.has(name)) fail(`Duplicate ${what}`);
    names.add(name);
  };
  let written = '';
  let current: Record<string, string | string[]> | undefined;
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const fail = (why: string): never => {
      throw new ConfigError(`configuration error - ${file}:${at + 1}: ${why}`, { file });
    };
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const head = section.exec(line);
    if (head) {
      if (head[1]!.replace(/\s/g, '').length !== 1) fail('nested sections are not known here');
      written = unquote(head[2]!);
      once(`[${written}]`, 'section name', fail);
      // Sections whose names differ by case alone are one to DVC: the last.
      current = {};
      result[written.toLowerCase()] = current;
      continue;
    }
    const pair = keyword.exec(line);
    if (!pair) return fail('neither a section nor `key = value`');
    if (!current) return fail(`${pair[1]} stands outside a section`);
    once(`[${written}]${unquote(pair[1]!)}`, 'keyword name', fail);
    let raw = pair[2]!;
    const triple = /^('''|""")/.exec(raw)?.[1];
    if (triple) {
      const end = new RegExp(`^(.*?)${triple}\\s*(?:#.*)?$`, 's');
      let body = raw.slice(3);
      while (!end.test(body)) {
        at += 1;
        if (at >= lines.length) return fail('a multi-line value does not end');
        body += `\n${lines[at]}`;
      }
      current[unquote(pair[1]!).toLowerCase()] = end.exec(body)![1]!;
      continue;
    }
    raw = raw.trim();
    const parts = value.exec(raw);
    if (!parts) return fail(`cannot read the value ${JSON.stringify(raw)}`);
    const [, list, single, comma] = parts;
    const key = unquote(pair[1]!).toLowerCase();
    if (comma) current[key] = [];
    else if (list) {
      const items = [...list.matchAll(listItem)].map((match) => unquote(match[1]!));
      current[key] = single === undefined || single === '' ? items : [...items, unquote(single)];
    } else current[key] = unquote(single ?? '');
  }
  for (const keys of Object.values(result))
    for (const [key, item] of Object.entries(keys))
      keys[key] =
        typeof item === 'string'
          ? interpolate(item, keys, file)
          : item.map((part) => interpolate(part, keys, file));
  return result;
}

/** Puts the section's own values in for `%(name)s`, as ConfigObj does. */
function interpolate(text: string, keys: Record<string, string | string[]>, file: string, depth = 0): string {
  return text.replace(/%\(([^)]*)\)s/g, (_, name: string) => {
    const found = keys[name.toLowerCase()];
    if (typeof found !== 'string' || depth > 10)
      throw new ConfigError(`configuration error - ${file}: missing option "${name}" in interpolation.`, {
        file,
      });
    return interpolate(found, keys, file, depth + 1);
  });
}
