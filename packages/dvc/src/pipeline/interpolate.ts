import { InvalidFile } from '../errors.ts';
import type { YamlMap, YamlNode, YamlScalar } from '../yaml/tree.ts';

/** What `${…}` may refer to: names and their values, as they stood in YAML (a float keeps its spelling). */
export type Context = Map<string, YamlNode>;

const expression = /(?<!\\)\$\{(.*?)\}/g;

/** Whether a text has a `${…}` in it. */
export const isTemplate = (text: string): boolean => text.search(expression) >= 0;

/** Every string in `node` (keys too) with the values of the context in it; `where` is for errors. Only in a command may a mapping stand in a text: as options. */
export function interpolate(node: YamlNode, context: Context, where: string, isCommand = false): YamlNode {
  if (node.kind === 'list')
    return { ...node, items: node.items.map((item) => interpolate(item, context, where, isCommand)) };
  if (node.kind === 'map')
    return {
      ...node,
      entries: node.entries.map(({ key, value }) => ({
        key: { ...key, value: text(String(key.value), context, where) },
        value: interpolate(value, context, where, isCommand),
      })),
    };
  if (typeof node.value !== 'string') return node;
  const [match] = node.value.matchAll(expression);
  // A text that is one expression takes the value itself: a number stays one, a list a list.
  if (match && match[0] === node.value && !isCommand) return lookUp(match[1]!, context, where);
  return { ...node, value: text(node.value, context, where, isCommand) };
}

function text(template: string, context: Context, where: string, isCommand = false): string {
  const filled = template.replace(expression, (_, inner: string) => {
    const value = lookUp(inner, context, where);
    if (value.kind === 'map' && isCommand) return options(value, '').join(' ');
    if (value.kind !== 'scalar')
      throw new InvalidFile(
        `${where}: cannot interpolate data of type '${value.kind === 'map' ? 'dict' : 'list'}' for '${inner}'`,
      );
    return scalarText(value);
  });
  return filled.replaceAll('\\${', '${');
}

/** A mapping as command-line options: `--a.b 1`, a true as the bare name, a false as nothing. */
function options(map: YamlMap, prefix: string): string[] {
  return map.entries.flatMap(({ key, value }) => {
    const name = `${prefix}${key.value}`;
    if (value.kind === 'map') return options(value, `${name}.`);
    if (value.kind === 'list') return [`--${name}`, ...value.items.map((item) => argument(item))];
    if (typeof value.value === 'boolean') return value.value ? [`--${name}`] : [];
    return [`--${name}`, argument(value)];
  });
}

function argument(node: YamlNode): string {
  if (node.kind !== 'scalar') return '';
  const text = scalarText(node);
  return typeof node.value === 'string' && /[^\w@%+=:,./-]/.test(text)
    ? `'${text.replaceAll("'", `'"'"'`)}'`
    : text;
}

/** The value at `a.b[0].c`. */
export function lookUp(path: string, context: Context, where: string): YamlNode {
  const parts = path.trim().replaceAll('[', '.').replaceAll(']', '').split('.');
  if (parts.some((part) => part === '')) throw new InvalidFile(`${where}: cannot read '\${${path}}'`);
  const [first, ...rest] = parts;
  let node = context.get(first!);
  for (const part of rest) node = node && child(node, part);
  if (!node)
    throw new InvalidFile(`${where}: could not find '${path.trim()}'`, {
      hint: 'set it in params.yaml or under vars',
    });
  return node;
}

function child(node: YamlNode, name: string): YamlNode | undefined {
  if (node.kind === 'map') return node.entries.find(({ key }) => String(key.value) === name)?.value;
  return node.kind === 'list' && /^\d+$/.test(name) ? node.items[Number(name)] : undefined;
}

/** A scalar as Python would print it into a text. */
export function scalarText({ value, source }: YamlScalar): string {
  if (value === null) return 'None';
  if (typeof value !== 'number') return String(value);
  return isFloat({ source }) ? pythonFloat(value) : String(value);
}

/** Whether a number was spelt as a float: Python keeps 1.0 and 1 apart. */
export const isFloat = ({ source }: { source?: string | undefined }): boolean =>
  source !== undefined && /[.eE]|inf|nan/i.test(source) && !/^[-+]?0x/i.test(source);

/** Python's `repr` of a float: always with a point or an exponent, the exponent from 1e16 on and below 1e-4. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16))
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
