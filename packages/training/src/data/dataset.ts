import { createHash } from 'node:crypto';
import { DataError } from '../errors.ts';
import { type Comparable, dropDuplicates } from './duplicates.ts';

/** One text to learn from; `label` is an index into the dataset's labels, `id` says where it came from. */
export interface Example {
  text: string;
  label: number;
  id: string;
}

/** Data ready to train on: no text has a copy in another split, and the same input always gives the same sha256. */
export interface Dataset {
  name: string;
  version: string;
  sha256: string;
  labels: string[];
  train: Example[];
  dev: Example[];
  test: Example[];
  /** What was dropped and why, one sentence each. */
  notes: string[];
}

/** What a source hands over: an example with the normalised text that decides over copies and over the split. */
export type Document = Example & Comparable;

/** Everything a source read, before duplicates are dropped. */
export interface Collection {
  name: string;
  version: string;
  documents: Document[];
  notes: string[];
}

type Split = 'train' | 'dev' | 'test';

/** Drops copies, splits 80/10/10 by a hash of the normalised text, and takes the sha256; throws `DataError` if a split lacks a label. */
export function toDataset(collection: Collection, labels: string[]): Dataset {
  const { name, version, documents } = collection;
  const { kept, counts } = dropDuplicates(documents);
  const splits: Record<Split, Example[]> = { train: [], dev: [], test: [] };
  const hash = createHash('sha256');
  for (const { text, label, id, content } of kept) {
    const split = splitOf(content);
    splits[split].push({ text, label, id });
    hash.update(JSON.stringify([split, labels[label], id, text]));
  }
  for (const [split, examples] of Object.entries(splits)) requireEveryLabel(split, examples, labels);
  const notes = [
    ...collection.notes,
    `${documents.length} texts: ${counts.exact} exact and ${counts.near} near duplicates dropped` +
      `${counts.conflicting > 0 ? `, ${counts.conflicting} with the same text under two labels` : ''}; ${kept.length} remain`,
  ];
  return { name, version, sha256: hash.digest('hex'), labels, ...splits, notes };
}

/** The split a normalised text belongs to, for good: it depends on nothing but the text. */
export function splitOf(content: string): Split {
  const bucket = createHash('sha256').update(content).digest().readUInt32BE(0) % 10;
  return bucket < 8 ? 'train' : bucket === 8 ? 'dev' : 'test';
}

function requireEveryLabel(split: string, examples: Example[], labels: string[]): void {
  const missing = labels.filter((_, label) => !examples.some((example) => example.label === label));
  if (missing.length > 0) {
    throw new DataError(
      `the ${split} split has no example of ${missing.map((label) => `"${label}"`).join(', ')} ` +
        `(${examples.length} examples in all): add more data, at least some 50 different texts per label`,
    );
  }
}
