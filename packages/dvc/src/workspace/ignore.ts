import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of an ignore file: a pattern, and whether it takes paths back in. */
interface Rule {
  pattern: RegExp;
  negated: boolean;
  folderOnly: boolean;
  /** The folder of the ignore file, from the root, with `/` behind it (or empty). */
  base: string;
  /** Where it stands, as `file:line:pattern`. */
  source: string;
}

/** What a tree's ignore files (`.dvcignore`, `.gitignore`) say about its paths; a folder's file is read when it is asked about. */
export class Ignore {
  private readonly root: string;
  private readonly fileName: string;
  private readonly rules = new Map<string, Rule[]>();
  private readonly always: Rule[];
  constructor(root: string, fileName: string, always: string[] = []) {
    this.root = root;
    this.fileName = fileName;
    this.always = always.flatMap((line) => parseRule(line, '', 'default') ?? []);
  }

  /** The rule that ignores `path` (from the root, by `/`) or a folder above it, as `file:line:pattern`. */
  find(path: string, isFolder: boolean): string | undefined {
    const parts = path.split('/');
    for (let depth = 1; depth <= parts.length; depth++) {
      const found = this.match(parts.slice(0, depth).join('/'), depth < parts.length || isFolder);
      // What lies in an ignored folder cannot be taken back in.
      if (found && !found.negated) return found.source;
    }
    return undefined;
  }

  /** Whether the last part of `path` is ignored, its folder being known not to be. */
  ignores(path: string, isFolder: boolean): boolean {
    const found = this.match(path, isFolder);
    return found !== undefined && !found.negated;
  }

  private match(path: string, isFolder: boolean, levels = Number.POSITIVE_INFINITY): Rule | undefined {
    let found: Rule | undefined;
    const consider = (rules: Rule[]): void => {
      for (const rule of rules)
        if ((isFolder || !rule.folderOnly) && this.hits(rule, path.slice(rule.base.length), isFolder))
          found = rule;
    };
    consider(this.always);
    const parts = path.split('/');
    for (let depth = 0; depth < Math.min(parts.length, levels); depth++)
      consider(this.read(parts.slice(0, depth).join('/')));
    return found;
  }

  /** To Git `a/**` is what is in the folder `a`; DVC asks about `a/` as well, and finds the folder itself. */
  private hits({ pattern }: Rule, path: string, isFolder: boolean): boolean {
    return pattern.test(path) || (isFolder && this.fileName === '.dvcignore' && pattern.test(`${path}/`));
  }

  private read(folder: string): Rule[] {
    const known = this.rules.get(folder);
    if (known) return known;
    const base = folder ? `${folder}/` : '';
    const hides = this.match(`${base}${this.fileName}`, false, folder ? folder.split('/').length : 0);
    let text = '';
    try {
      // DVC reads no ignore file that is ignored by those above it; Git does.
      if (!hides || hides.negated || this.fileName === '.gitignore')
        text = readFileSync(join(this.root, folder, this.fileName), 'utf8');
    } catch {
      // No such file: nothing is ignored here.
    }
    const rules = text
      .split('\n')
      .flatMap((line, at) => parseRule(line, base, `${base}${this.fileName}:${at + 1}:${line.trim()}`) ?? []);
    this.rules.set(folder, rules);
    return rules;
  }
}

function parseRule(line: string, base: string, source: string): Rule | undefined {
  let text = line.trim();
  if (text === '' || text.startsWith('#')) return undefined;
  const negated = text.startsWith('!');
  if (negated) text = text.slice(1);
  const folderOnly = text.endsWith('/');
  text = text.replace(/\/+$/, '');
  if (text === '') return undefined;
  const anchored = text.includes('/');
  // Folders at any depth below are its contents already: `a/**/` is the folder `a`.
  if (folderOnly) text = text.replace(/([^/])(?:\/\*\*)+$/, '$1');
  return { pattern: globToRegExp(text.replace(/^\//, ''), anchored), negated, folderOnly, base, source };
}

/** A gitignore pattern as a regular expression over a whole path. */
function globToRegExp(glob: string, anchored: boolean): RegExp {
  let out = '';
  for (let at = 0; at < glob.length; at++) {
    const char = glob[at]!;
    if (glob.startsWith('**/', at) && (at === 0 || glob[at - 1] === '/')) {
      out += '(?:.*/)?';
      at += 2;
    } else if (glob.slice(at) === '**' && glob[at - 1] === '/') {
      out += '.*';
      at += 1;
    } else if (char === '*') {
      const isPart = at === 0 || glob[at - 1] === '/';
      while (glob[at + 1] === '*') at += 1;
      // A whole name has at least one character.
      out += isPart && (glob[at + 1] ?? '/') === '/' ? '[^/]+' : '[^/]*';
    } else if (char === '?') out += '[^/]';
    else if (char === '[') {
      const end = glob.indexOf(']', glob[at + 1] === '!' || glob[at + 1] === '^' ? at + 3 : at + 2);
      if (end < 0) out += '\\[';
      else {
        const [, not, body] = /^([!^]?)(.*)$/s.exec(glob.slice(at + 1, end))!;
        out += `[${not ? '^' : ''}${body!.replace(/[\\\][]/g, '\\$&')}]`;
        at = end;
      }
    } else if (char === '\\' && at + 1 < glob.length) {
      at += 1;
      out += escapeRegExp(glob[at]!);
    } else out += escapeRegExp(char);
  }
  return new RegExp(`^${anchored ? '' : '(?:.*/)?'}${out}$`, 's');
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
