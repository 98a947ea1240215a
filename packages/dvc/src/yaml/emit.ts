import type { Json } from '../objects/python-json.ts';
import { yamlString } from './scalar.ts';
import { type Trivia, toYaml, type YamlNode, type YamlScalar, type YamlText } from './tree.ts';

/** New data as DVC writes it: dashes at their parent's column, two spaces per level, a final newline. */
export const stringifyYaml = (value: Json): string => emitYaml({ root: toYaml(value), below: [] });

/** The document as DVC writes a file that it updates: its comments where they were, its lists re-indented. */
export function emitYaml({ root, below }: YamlText): string {
  const lines: string[] = [];
  if (isBlock(root)) block(root, 0, '', lines);
  else lines.push(flow(root, 0, 0));
  return [...lines, ...below].map((line) => `${line}\n`).join('');
}

const isBlock = (node: YamlNode): boolean =>
  (node.kind === 'map' && !node.flow && node.entries.length > 0) ||
  (node.kind === 'list' && !node.flow && node.items.length > 0);

/** Writes a block collection; `lead` stands before its first line (the dashes of the lists around it). */
function block(node: YamlNode, indent: number, lead: string, lines: string[]): void {
  let prefix = lead || ' '.repeat(indent);
  const children = node.kind === 'map' ? node.entries : node.kind === 'list' ? node.items : [];
  for (const child of children) {
    const head = 'key' in child ? child.key : child;
    lines.push(...(head.above ?? []));
    if ('key' in child) {
      const key = `${prefix}${yamlString(String(child.key.value), { column: prefix.length })}:`;
      if (isBlock(child.value)) {
        lines.push(withComment(key, child.key));
        block(child.value, child.value.kind === 'list' ? indent : indent + 2, '', lines);
      } else lines.push(...valueLines(key, child.value, indent, child.key));
    } else if (isBlock(child)) block(child, indent + 2, `${prefix}- `, lines);
    else lines.push(...valueLines(`${prefix}-`, child, indent, child));
    prefix = ' '.repeat(indent);
  }
}

/** A key or dash with the scalar or flow collection behind it. */
function valueLines(lead: string, node: YamlNode, indent: number, owner: Trivia): string[] {
  if (node.kind === 'scalar' && node.source !== undefined && /^[|>]/.test(node.source)) {
    const [header, ...body] = node.source.replace(/\n$/, '').split('\n');
    const old = Math.min(
      ...body.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length),
    );
    return [
      `${lead} ${header}`,
      ...body.map((line) => (line.trim() ? ' '.repeat(indent + 2) + line.slice(old) : '')),
    ];
  }
  const text = flow(node, [...lead].length + 1, indent + 2);
  const written = (text === '' ? lead : `${lead} ${text}`).split('\n');
  const last = written.pop()!;
  return [...written, withComment(last, node.behind ? node : owner)];
}

function withComment(line: string, { behind }: Trivia): string {
  if (!behind) return line;
  const column = [...line].length;
  return `${line}${' '.repeat(Math.max(1, behind.column - column))}${behind.text}`;
}

function flow(node: YamlNode, column: number, indent: number): string {
  if (node.kind === 'list') return `[${node.items.map((item) => flowItem(item)).join(', ')}]`;
  if (node.kind === 'map')
    return `{${node.entries.map(({ key, value }) => `${flowItem(key)}: ${flowItem(value)}`).join(', ')}}`;
  return scalar(node, column, indent);
}

function flowItem(node: YamlNode): string {
  if (node.kind !== 'scalar') return flow(node, 0, 0);
  return typeof node.value === 'string'
    ? yamlString(node.value, { column: 0, flow: true })
    : scalar(node, 0, 0) || 'null';
}

function scalar(node: YamlScalar, column: number, indent: number): string {
  if (typeof node.value === 'string') return yamlString(node.value, { column, indent });
  if (node.value === null) return '';
  return node.source ?? String(node.value);
}
