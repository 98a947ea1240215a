import { describe, expect, it } from 'vitest';
import { DataError } from '../errors.ts';
import { type Collection, type Document, splitOf, toDataset } from './dataset.ts';

const names = ['no', 'yes'];
const collection = (documents: Document[]): Collection => ({
  name: 'n',
  version: '1',
  documents,
  notes: ['read'],
});
const document = (i: number, label: number): Document => ({
  id: `${i}`,
  label,
  text: `Text ${i}`,
  content: `text ${label} ${'abcdefghij'[i % 10]} ${i}`,
});
const documents = Array.from({ length: 400 }, (_, i) => document(i, i % 2));

describe('toDataset', () => {
  it('puts about eight, one and one tenth into train, dev and test, in order, each text once', () => {
    const { train, dev, test } = toDataset(collection(documents), names);
    expect(train.length + dev.length + test.length).toBe(400);
    expect(train.length).toBeGreaterThan(290);
    expect(dev.length).toBeGreaterThan(20);
    expect(test.length).toBeGreaterThan(20);
    expect(train.map(({ id }) => Number(id))).toEqual(
      train.map(({ id }) => Number(id)).sort((a, b) => a - b),
    );
  });

  it('keeps every text in its split when others come or go', () => {
    const all = toDataset(collection(documents), names);
    const half = toDataset(collection(documents.slice(200)), names);
    const ids = new Set(all.train.map(({ id }) => id));
    expect(half.train.every(({ id }) => ids.has(id))).toBe(true);
  });

  it('splits by what is compared and by nothing else', () => {
    const splits = ['mail', 'mail 1'].map(splitOf);
    expect(splits).toEqual(['mail', 'mail 1'].map(splitOf));
    const shares = Array.from({ length: 5000 }, (_, i) => splitOf(`text ${i}`));
    for (const [split, share] of [
      ['train', 0.8],
      ['dev', 0.1],
      ['test', 0.1],
    ] as const) {
      expect(shares.filter((name) => name === split).length / shares.length).toBeCloseTo(share, 1);
    }
  });

  it('has one sha256 per content: it moves with a text, a label or an id', () => {
    const sha = (change: Partial<Document>) =>
      toDataset(collection(documents.map((each, i) => (i === 7 ? { ...each, ...change } : each))), names)
        .sha256;
    expect(sha({})).toBe(toDataset(collection(documents), names).sha256);
    expect(new Set([sha({}), sha({ text: 'x' }), sha({ label: 0 }), sha({ id: 'x' })]).size).toBe(4);
  });

  it('says what it dropped', () => {
    const { notes } = toDataset(collection([...documents, { ...document(4, 0), id: 'copy' }]), names);
    expect(notes).toEqual(['read', '401 texts: 1 exact and 0 near duplicates dropped; 400 remain']);
  });

  it('refuses data in which a split lacks a label, naming both', () => {
    expect(() => toDataset(collection(documents.filter(({ label }) => label === 0)), names)).toThrow(
      DataError,
    );
    expect(() => toDataset(collection([document(1, 0)]), names)).toThrow(/split has no example of .*"yes"/);
  });
});
