import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { DataError } from '../errors.ts';
import { suggest } from '../nearest.ts';
import type { FileSource } from '../params.ts';
import type { Collection, Document } from './dataset.ts';
import { normalise } from './duplicates.ts';

interface Row {
  line: number;
  fields: Record<string, unknown>;
}

/**
 * Reads labelled texts from a UTF-8 file: `.jsonl` (an object per line), `.csv` (RFC 4180) or `.tsv` (quotes mean
 * nothing in it). Throws `DataError` naming the line; a text without a letter is dropped and counted.
 */
export function readFileDataset(source: FileSource, directory: string, labels: string[]): Collection {
  const path = resolve(directory, source.path);
  const bytes = readBytes(path);
  const rows = readRows(path, decode(path, bytes), source);
  const documents: Document[] = [];
  for (const { line, fields } of rows) {
    const where = `${path}:${line}`;
    const text = field(where, fields, source.text);
    const label = field(where, fields, source.label);
    const index = labels.indexOf(label);
    if (index < 0)
      throw new DataError(`${where}: the label "${label}" is not in "labels": ${suggest(label, labels)}`);
    const content = normalise(text);
    if (content !== '') documents.push({ id: `${basename(path)}:${line}`, text, label: index, content });
  }
  return {
    name: basename(path),
    version: createHash('sha256').update(bytes).digest('hex').slice(0, 12),
    documents,
    notes: [`${rows.length} rows read: ${rows.length - documents.length} without a letter dropped`],
  };
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new DataError(`cannot read the data file ${path}: correct "dataset.path" in params.yaml`, {
      cause,
    });
  }
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataError(`${path} is not UTF-8: convert it first`, { cause });
  }
}

function readRows(path: string, content: string, source: FileSource): Row[] {
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
      return readJsonLines(path, content);
    case '.csv':
      return readTable(path, content, source, { delimiter: ',', quote: '"' });
    case '.tsv':
      return readTable(path, content, source, { delimiter: '\t', quote: null });
    default:
      throw new DataError(`${path}: the file's name must end with .jsonl, .csv or .tsv`);
  }
}

function readJsonLines(path: string, content: string): Row[] {
  return content.split('\n').flatMap((source, i) => {
    if (source.trim() === '') return [];
    let fields: unknown;
    try {
      fields = JSON.parse(source);
    } catch (cause) {
      throw new DataError(`${path}:${i + 1}: not valid JSON; a .jsonl file holds one object per line`, {
        cause,
      });
    }
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
      throw new DataError(`${path}:${i + 1}: not a JSON object`);
    }
    return [{ line: i + 1, fields: { ...fields } }];
  });
}

function readTable(
  path: string,
  content: string,
  source: FileSource,
  format: { delimiter: string; quote: string | null },
): Row[] {
  const rows: Row[] = [];
  try {
    parse(content, {
      ...format,
      columns: source.columns ?? true,
      skip_empty_lines: true,
      // The record's last line: a quoted field may span several.
      on_record: (fields: Record<string, unknown>, { lines }) => {
        rows.push({ line: lines, fields });
        return null;
      },
    });
  } catch (cause) {
    throw new DataError(`${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return rows;
}

function field(where: string, fields: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value !== undefined) throw new DataError(`${where}: "${name}" must be a text`);
  throw new DataError(`${where}: there is no column "${name}": ${suggest(name, Object.keys(fields))}`);
}
