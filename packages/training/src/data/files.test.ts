import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { readFileDataset } from './files.ts';
import { loadDataset } from './load.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(path: string, content: string | Uint8Array, columns?: string[]) {
  writeFileSync(join(folder, path), content);
  const source = {
    source: 'file' as const,
    path,
    text: 'text',
    label: 'label',
    ...(columns ? { columns } : {}),
  };
  return readFileDataset(source, folder, ['no', 'yes']);
}

const seen = (path: string, content: string, columns?: string[]) =>
  read(path, content, columns).documents.map(({ id, text, label }) => [id, text, label]);

describe('readFileDataset', () => {
  it('reads the same rows from JSON lines, CSV and TSV', () => {
    const expected = [
      ['Good, really', 1],
      ['Bad', 0],
    ];
    const rows = (path: string, content: string) =>
      seen(path, content).map(([, text, label]) => [text, label]);
    expect(rows('a.jsonl', '{"text":"Good, really","label":"yes"}\n{"label":"no","text":"Bad"}\n')).toEqual(
      expected,
    );
    expect(rows('a.csv', 'label,text\nyes,"Good, really"\nno,Bad\n')).toEqual(expected);
    expect(rows('a.tsv', '\uFEFFlabel\ttext\r\nyes\tGood, really\r\nno\tBad\r\n')).toEqual(expected);
  });

  it('names rows by file and line, a quoted field over several lines included', () => {
    expect(seen('a.csv', 'text,label\n"one ""two""\nthree",yes\n\nfour,no\n')).toEqual([
      ['a.csv:3', 'one "two"\nthree', 1],
      ['a.csv:5', 'four', 0],
    ]);
  });

  it('takes quotes in TSV as they stand, and column names for a file without a header', () => {
    expect(seen('a.tsv', 'x\tno\t"Hm", he said\n', ['source', 'label', 'text'])).toEqual([
      ['a.tsv:1', '"Hm", he said', 0],
    ]);
  });

  it('drops and counts texts without a letter', () => {
    const { documents, notes } = read('a.jsonl', '{"text":"12 !","label":"no"}\n{"text":"ok","label":"no"}');
    expect(documents).toHaveLength(1);
    expect(notes).toEqual(['2 rows read: 1 without a letter dropped']);
  });

  it.each([
    ['a.csv', 'text,label\nok,yes\nhm,maybe\n', 'a.csv:3: the label "maybe" is not in "labels"'],
    [
      'a.csv',
      'text,lable\nok,yes\n',
      'a.csv:2: there is no column "label": did you mean "lable"? Allowed: text, lable',
    ],
    ['a.csv', 'text,label\n"never closed,yes\n', 'a.csv: Quote Not Closed'],
    ['a.csv', 'text,label\nok,yes\na,b,c\n', 'line 3'],
    ['a.jsonl', '{"text":"ok","label":"yes"}\n{"text":', 'a.jsonl:2: not valid JSON'],
    ['a.jsonl', '[1]', 'a.jsonl:1: not a JSON object'],
    ['a.jsonl', '{"text":["x"],"label":"yes"}', 'a.jsonl:1: "text" must be a text'],
    ['a.jsonl', '{"__proto__":{"text":"x"},"label":"yes"}', 'a.jsonl:1: there is no column "text"'],
    ['a.xlsx', 'PK', 'must end with .jsonl, .csv or .tsv'],
  ])('names what is wrong in %s (%j)', (path, content, message) => {
    expect(() => read(path, content)).toThrow(DataError);
    expect(() => read(path, content)).toThrow(message);
  });

  it('refuses what is not UTF-8, and a file that is not there', () => {
    expect(() => read('a.csv', Uint8Array.of(0xff, 0xfe))).toThrow('not UTF-8');
    const missing = { source: 'file' as const, path: 'gone.csv', text: 'text', label: 'label' };
    expect(() => readFileDataset(missing, folder, ['no', 'yes'])).toThrow(
      'correct "dataset.path" in params.yaml',
    );
  });
});

const cola = resolve(
  process.env.MAINLINE_SHARED ?? resolve(import.meta.dirname, '../../../../../shared'),
  'data/cola/in_domain_train.tsv',
);

describe('loadDataset', () => {
  it.skipIf(!existsSync(cola))(
    'makes a dataset of a foreign corpus: CoLA (skipped without the shared folder)',
    async () => {
      const dataset = {
        source: 'file' as const,
        path: cola,
        text: 'sentence',
        label: 'mark',
        columns: ['source', 'mark', 'star', 'sentence'],
      };
      const { train, dev, test, notes } = await loadDataset({
        dataset,
        directory: folder,
        labels: ['0', '1'],
      });
      expect(train.length + dev.length + test.length).toBeGreaterThan(8000);
      expect(train.filter(({ label }) => label === 1).length / train.length).toBeCloseTo(0.7, 1);
      expect(notes[0]).toBe('8551 rows read: 0 without a letter dropped');
    },
  );
});
