import type { Json } from '../objects/python-json.ts';
import { foldWidth, yamlString } from './scalar.ts';
import { type Trivia, toYaml, type YamlMap, type YamlNode, type YamlScalar, type YamlText } from './tree.ts';

/** New data as DVC writes it: dashes at their parent's column, two spaces per level, a final newline. */
export const stringifyYaml = (value: Json): string => emitYaml({ root: toYaml(value), top: [] });

/** The document as DVC writes a file that it updates: its comments where they were, its lists re-indented. */
export function emitYaml({ root, top }: YamlText): string {
  const lines: string[] = [...top];
  if (isBlock(root)) block(root, 0, '', lines);
  else lines.push(new Flow(0, 0).write(root), ...(root.below ?? []));
  return lines.map((line) => `${line}\n`).join('');
}

const entriesOf = (node: YamlMap) => node.written ?? node.entries;

const isBlock = (node: YamlNode): boolean =>
  node.alias === undefined &&
  ((node.kind === 'map' && !node.flow && entriesOf(node).length > 0) ||
    (node.kind === 'list' && !node.flow && node.items.length > 0));

const anchorOf = ({ anchor }: Trivia): string => (anchor === undefined ? '' : `&${anchor}`);

/** Writes a block collection; `lead` stands before its first line (the dashes of the lists around it). */
function block(node: YamlNode, indent: number, lead: string, lines: string[]): void {
  let prefix = lead || ' '.repeat(indent);
  if (node.kind === 'map')
    for (const { key, value } of entriesOf(node)) {
      const name = key.source ?? yamlString(String(key.value), { column: prefix.length });
      const head = `${prefix}${name}:`;
      if (isBlock(value)) {
        lines.push(withComment(joined(head, anchorOf(value)), key), ...(key.below ?? []));
        block(value, value.kind === 'list' ? indent : indent + 2, '', lines);
      } else lines.push(...valueLines(head, value, indent), ...(key.below ?? []));
      prefix = ' '.repeat(indent);
    }
  if (node.kind === 'list')
    for (const item of node.items) {
      if (isBlock(item) && item.anchor !== undefined) {
        lines.push(`${prefix}- ${anchorOf(item)}`);
        block(item, indent + 2, '', lines);
      } else if (isBlock(item)) block(item, indent + 2, `${prefix}- `, lines);
      else {
        const written = valueLines(`${prefix}-`, item, indent);
        // An empty item keeps the space behind its dash.
        if (written[0] === `${prefix}-`) written[0] += ' ';
        lines.push(...written, ...(item.below ?? []));
      }
      prefix = ' '.repeat(indent);
    }
}

const joined = (lead: string, text: string): string => (text === '' ? lead : `${lead} ${text}`);

/** A key or dash with the scalar or flow collection behind it. */
function valueLines(lead: string, node: YamlNode, indent: number): string[] {
  if (node.alias === undefined && node.kind === 'scalar' && /^[|>]/.test(node.source ?? '')) {
    const [header, ...rest] = node.source!.replace(/\n$/, '').split('\n');
    const body = /^[|>]\d?\+/.test(header!) ? rest : trimEnd(rest);
    const old = Math.min(
      ...body.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length),
    );
    return [
      `${joined(lead, anchorOf(node))} ${header}`,
      ...body.map((line) => (line.trim() ? ' '.repeat(indent + 2) + line.slice(old) : '')),
    ];
  }
  const text = new Flow([...lead].length + 1, indent + 2).write(node);
  const written = joined(lead, text).split('\n');
  const last = written.pop()!;
  return [...written, withComment(last, node)];
}

function trimEnd(lines: string[]): string[] {
  const last = lines.findLastIndex((line) => line.trim() !== '');
  return lines.slice(0, last + 1);
}

function withComment(line: string, { behind }: Trivia): string {
  if (!behind) return line;
  const column = [...line].length;
  return `${line}${' '.repeat(Math.max(1, behind.column - column))}${behind.text}`;
}

/** Writes what stands behind a key or a dash: a scalar, or a collection in brackets, whose lines are broken past column 80. */
class Flow {
  private column: number;
  private indent: number;
  constructor(column: number, indent: number) {
    this.column = column;
    this.indent = indent;
  }

  write(node: YamlNode): string {
    if (node.alias !== undefined) return this.put(`*${node.alias}`);
    if (node.kind === 'scalar') return this.put(joinedName(node, this.scalar(node, false)));
    const name = anchorOf(node);
    return (name ? this.put(`${name} `) : '') + this.collection(node, false);
  }

  private collection(node: Exclude<YamlNode, YamlScalar>, bare: boolean): string {
    const outer = this.indent;
    const [open, close] = node.kind === 'list' ? ['[', ']'] : bare ? ['', ''] : ['{', '}'];
    let out = this.put(open);
    const children = node.kind === 'list' ? node.items : entriesOf(node);
    children.forEach((child, at) => {
      if (at > 0) out += this.put(',');
      if (this.column > foldWidth) out += this.newline();
      else if (at > 0) out += this.put(' ');
      this.indent = outer + 2;
      out +=
        'key' in child
          ? this.put(`${child.key.source ?? this.scalar(child.key, true)}: `) + this.item(child.value, false)
          : this.item(child, node.kind === 'list');
      this.indent = outer;
    });
    return out + this.put(close);
  }

  /** In brackets ruamel leaves the braces of a mapping with one entry out. */
  private item(node: YamlNode, inList: boolean): string {
    if (node.alias !== undefined || (node.kind === 'scalar' && node.value === null)) {
      return this.put(node.alias === undefined ? 'null' : `*${node.alias}`);
    }
    if (node.kind === 'scalar') return this.put(joinedName(node, this.scalar(node, true)));
    const name = anchorOf(node);
    const isBare = inList && node.kind === 'map' && entriesOf(node).length === 1 && name === '';
    return (name ? this.put(`${name} `) : '') + this.collection(node, isBare);
  }

  private scalar(node: YamlScalar, flow: boolean): string {
    const { value, source } = node;
    if (source !== undefined && !/^[|>]/.test(source)) return source;
    if (typeof value === 'string')
      return yamlString(value, { column: this.column, indent: this.indent, ...(flow ? { flow } : {}) });
    return value === null ? '' : String(value);
  }

  private put(text: string): string {
    const at = text.lastIndexOf('\n');
    this.column = at < 0 ? this.column + [...text].length : [...text.slice(at + 1)].length;
    return text;
  }

  private newline(): string {
    this.column = this.indent;
    return `\n${' '.repeat(this.indent)}`;
  }
}

function joinedName(node: YamlScalar, text: string): string {
  return node.anchor === undefined || node.value === null ? text : joined(anchorOf(node), text);
}
