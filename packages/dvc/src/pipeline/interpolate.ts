import { InvalidFile } from '../errors.ts';
import type { YamlMap, YamlNode, YamlScalar } from '../yaml/tree.ts';

/** What `${…}` may refer to: names and their values, as they stood in YAML (a float keeps its spelling). */
export type Context = Map<string, YamlNode>;

const expression = /(?<!\\)\$\{(.*?)\}/g;

/** Whether a node is a text that stands for a value of the context. */
export const isReference = (node: YamlNode): boolean =>
  node.kind === 'scalar' && typeof node.value === 'string' && node.value.search(expression) >= 0;

/** How mappings become options in a command: DVC's `[parsing]` section. */
export interface ParsingStyle {
  /** `boolean_optional`: a false is written as `--no-name`. */
  bool?: string | undefined;
  /** `append`: a list repeats its option. */
  list?: string | undefined;
}

/** What a text is filled for: `where` is for errors; only `isCommand` may have a mapping in it, as options. */
export interface Purpose {
  where: string;
  isCommand?: boolean;
  /** The value may be a list or a mapping: what `foreach` and `matrix` go over. */
  takesAny?: boolean;
  style?: ParsingStyle;
}

/** Every string in `node` (keys too) with the values of the context in it. */
export function interpolate(node: YamlNode, context: Context, purpose: Purpose): YamlNode {
  if (node.kind === 'list')
    return { ...node, items: node.items.map((item) => interpolate(item, context, purpose)) };
  if (node.kind === 'map')
    return {
      ...node,
      entries: node.entries.map(({ key, value }) => ({
        key: { ...key, value: text(String(key.value), context, purpose) },
        value: interpolate(value, context, purpose),
      })),
    };
  if (typeof node.value !== 'string') return node;
  const [match] = node.value.matchAll(expression);
  // A text that is one expression takes the value itself: a number stays one.
  if (match && match[0] === node.value && !purpose.isCommand) {
    const value = lookUp(match[1]!, context, purpose.where);
    return purpose.takesAny ? value : scalarOnly(value, match[1]!, purpose);
  }
  const { source, ...rest } = node;
  return { ...rest, value: text(node.value, context, purpose) };
}

function scalarOnly(value: YamlNode, name: string, { where }: Purpose): YamlScalar {
  if (value.kind === 'scalar') return value;
  throw new InvalidFile(
    `${where}: cannot interpolate data of type '${value.kind === 'map' ? 'dict' : 'list'}' for '${name}'`,
  );
}

function text(template: string, context: Context, purpose: Purpose): string {
  const filled = template.replace(expression, (_, inner: string) => {
    const value = lookUp(inner, context, purpose.where);
    if (value.kind === 'map' && purpose.isCommand) return options(value, '', purpose).join(' ');
    return scalarText(scalarOnly(value, inner, purpose));
  });
  return filled.replaceAll('\\${', '${');
}

/** A mapping as command-line options: `--a.b 1`, a true as the bare name, a false as nothing. */
function options(map: YamlMap, prefix: string, purpose: Purpose): string[] {
  const { bool, list } = purpose.style ?? {};
  return map.entries.flatMap(({ key, value }) => {
    const name = `${prefix}${key.value}`;
    if (value.kind === 'map') return options(value, `${name}.`, purpose);
    if (value.kind === 'list') {
      const items = value.items.map((item) => argument(item, name, purpose));
      if (list === 'append') return items.flatMap((item) => [`--${name}`, item]);
      return items.length > 0 ? [`--${name}`, ...items] : [];
    }
    if (value.value === true) return [`--${name}`];
    if (value.value === false) return bool === 'boolean_optional' ? [`--no-${name}`] : [];
    return [`--${name}`, argument(value, name, purpose)];
  });
}

function argument(node: YamlNode, name: string, { where }: Purpose): string {
  if (node.kind !== 'scalar')
    throw new InvalidFile(`${where}: cannot interpolate nested iterable in '${name}'`);
  // In a list Python prints its own True and False.
  if (typeof node.value === 'boolean') return node.value ? 'True' : 'False';
  return typeof node.value === 'string' ? shellQuote(node.value) : scalarText(node);
}

/** A text as a shell takes it: Python's `shlex.quote`. */
export const shellQuote = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;

/** The value at `a.b[0].c`. */
export function lookUp(path: string, context: Context, where: string): YamlNode {
  if (!/^[^.[\]]+(?:\s*\.[^.[\]]+|\s*\[[^.[\]]+\])*\s*$/.test(path))
    throw new InvalidFile(`${where}: cannot read '\${${path}}'`);
  const [first, ...rest] = path
    .replaceAll('[', '.')
    .replaceAll(']', '')
    .split('.')
    .map((part) => part.trim());
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
  // As in Python, -1 is the last.
  return node.kind === 'list' && /^[-+]?\d+$/.test(name) ? node.items.at(Number(name)) : undefined;
}

/** A scalar as Python would print it into a text. */
export function scalarText(node: YamlScalar): string {
  const { value, source } = node;
  if (value === null) return 'None';
  if (typeof value !== 'number') return String(value);
  return isFloat({ source }) ? pythonFloat(value) : integerText(node);
}

/** A whole number in decimal; Python's have as many digits as they need. */
export function integerText({ value, source = '' }: YamlScalar): string {
  if (Number.isSafeInteger(value) || !/^[-+]?(?:0[xob])?[0-9a-f_]+$/i.test(source)) return String(value);
  const [, sign, digits] = /^([-+]?)(.*)$/.exec(source.replaceAll('_', ''))!;
  return `${sign === '-' ? '-' : ''}${BigInt(digits!)}`;
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
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
