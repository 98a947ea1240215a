import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { ParamsError, TrainingError } from './errors.ts';
import { type Hyperparameters, parseHyperparameters } from './hyperparameters.ts';
import { suggest } from './nearest.ts';

/** A model's `params.yaml`: every value that training depends on. */
export interface Params extends Hyperparameters {
  /** The model's folder, absolute; paths in `dataset` are relative to it. */
  directory: string;
  name: string;
  dataset: DatasetParams;
  /** In the order of the logits; with two labels the second is the positive one. */
  labels: string[];
  tokenizer: { size: number; lowercase: boolean };
  /** Hand-written texts whose scores are recorded at export and asked again before a deployment goes live. */
  golden: string[];
}

/** Where examples come from. */
export type DatasetParams = { source: 'spam-assassin' } | FileSource;

/** Examples in a file of the user's: `.jsonl`, `.csv` or `.tsv`. */
export interface FileSource {
  source: 'file';
  path: string;
  /** Column (or JSON key) of the text. */
  text: string;
  /** Column (or JSON key) of the label. */
  label: string;
  /** Column names for a `.csv` or `.tsv` without a header line. */
  columns?: string[];
}

/** Reads `<directory>/params.yaml`; throws `ParamsError` naming the key, or `TrainingError` naming the models that exist. */
export function readParams(directory: string): Params {
  const folder = resolve(directory);
  let source: string;
  try {
    source = readFileSync(join(folder, 'params.yaml'), 'utf8');
  } catch (cause) {
    throw new TrainingError(
      `no model "${basename(folder)}": ${folder} has no params.yaml; ${existing(folder)}`,
      { cause },
    );
  }
  return parseParams(source, folder);
}

/** Parses the text of a `params.yaml`; every key is required unless it says otherwise, and no other is accepted. */
export function parseParams(source: string, directory: string): Params {
  let json: unknown;
  try {
    json = parse(source, { prettyErrors: true });
  } catch (cause) {
    throw new ParamsError(
      'the file',
      `is not valid YAML: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
  }
  const root = object('params', json, [
    'name',
    'dataset',
    'labels',
    'tokenizer',
    'model',
    'training',
    'golden',
  ]);
  const tokenizer = object('tokenizer', root.tokenizer, ['size', 'lowercase']);
  return {
    directory,
    name: modelName(root.name),
    dataset: dataset(root.dataset),
    labels: labels(root.labels),
    tokenizer: {
      size: wholeNumber('tokenizer.size', tokenizer.size, 100, 100_000),
      lowercase: boolean('tokenizer.lowercase', tokenizer.lowercase),
    },
    ...parseHyperparameters(root.model, root.training),
    golden: texts('golden', root.golden, 1),
  };
}

function existing(folder: string): string {
  const parent = dirname(folder);
  const isModel = (name: string) =>
    statSync(join(parent, name, 'params.yaml'), { throwIfNoEntry: false })?.isFile();
  let names: string[] = [];
  try {
    names = readdirSync(parent).filter(isModel).sort();
  } catch {
    // The parent is not there either: there is nothing to list.
  }
  return names.length > 0 ? suggest(basename(folder), names) : `there is no model in ${parent} at all`;
}

function modelName(value: unknown): string {
  const name = text('name', value);
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
    throw new ParamsError('name', `is "${name}": use lower-case letters, digits and hyphens, at most 63`);
  }
  return name;
}

function dataset(value: unknown): DatasetParams {
  const { source } = object('dataset', value, ['source', 'path', 'text', 'label', 'columns'], ['source']);
  const sources = ['spam-assassin', 'file'];
  if (source === 'spam-assassin') {
    object('dataset', value, ['source']);
    return { source };
  }
  if (source !== 'file') {
    const named = text('dataset.source', source);
    throw new ParamsError('dataset.source', `is "${named}": ${suggest(named, sources)}`);
  }
  const fields = object(
    'dataset',
    value,
    ['source', 'path', 'text', 'label', 'columns'],
    ['source', 'path', 'text', 'label'],
  );
  return {
    source,
    path: text('dataset.path', fields.path),
    text: text('dataset.text', fields.text),
    label: text('dataset.label', fields.label),
    ...(fields.columns === undefined ? {} : { columns: texts('dataset.columns', fields.columns, 2) }),
  };
}

function labels(value: unknown): string[] {
  const names = texts('labels', value, 2);
  if (new Set(names).size < names.length) throw new ParamsError('labels', 'names a label twice');
  return names;
}

function object<Key extends string>(
  path: string,
  value: unknown,
  allowed: Key[],
  required: Key[] = allowed,
): Partial<Record<Key, unknown>> {
  const prefix = path === 'params' ? '' : `${path}.`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ParamsError(path, `must be a mapping with the keys ${required.join(', ')}`);
  }
  for (const key of Object.keys(value)) {
    if (!allowed.some((name) => name === key)) {
      throw new ParamsError(`${prefix}${key}`, `is not known: ${suggest(key, allowed)}`);
    }
  }
  const missing = required.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw new ParamsError(`${prefix}${missing}`, 'is missing');
  return value;
}

function text(path: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new ParamsError(
      path,
      `is ${JSON.stringify(value)}: it must be a text (put a number or a yes/no in quotes)`,
    );
  }
  if (value.trim() === '') throw new ParamsError(path, 'is empty');
  return value;
}

function texts(path: string, value: unknown, least: number): string[] {
  if (!Array.isArray(value) || value.length < least) {
    throw new ParamsError(path, `must be a list of at least ${least} text${least > 1 ? 's' : ''}`);
  }
  return value.map((item, i) => text(`${path}[${i}]`, item));
}

function wholeNumber(path: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new ParamsError(
      path,
      `is ${JSON.stringify(value)}: it must be a whole number from ${least} to ${most}`,
    );
  }
  return value;
}

function boolean(path: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new ParamsError(path, `is ${JSON.stringify(value)}: it must be true or false`);
  return value;
}
