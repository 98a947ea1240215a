import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeReference, parseManifest, parseReference } from '@mainline/classifier';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BundleParts, writeBundle } from './bundle.ts';

const parts: BundleParts = {
  name: 'spam',
  labels: ['ham', 'spam'],
  maxTokens: 512,
  inputs: [
    { name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] },
    { name: 'attention_mask', dtype: 'int64', shape: ['batch', 'sequence'] },
  ],
  outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 2] }],
  opset: 17,
  baseModel: null,
  dataset: { name: 'mails', version: '1', sha256: 'a'.repeat(64), examples: { train: 8, dev: 1, test: 1 } },
  commit: null,
  training: { epochs: 4 },
  metrics: {
    accuracy: 0.98,
    mcc: 0.95,
    f1: 0.96,
    auc: 0.99,
    confusion: [
      [4, 1],
      [0, 5],
    ],
    baseline: { name: 'linear', accuracy: 0.97, mcc: 0.94 },
  },
  model: Uint8Array.of(1, 2, 3),
  tokenizer: { version: '1.0' },
  golden: [{ text: 'hi', label: 'ham', scores: { ham: 0.9, spam: 0.1 } }],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (name: string) => readFileSync(join(folder, 'model', name));
const snapshot = () =>
  readdirSync(join(folder, 'model')).map((name) => [name, read(name).toString('base64')]);

describe('writeBundle', () => {
  it('writes the contract: a manifest that serving accepts, with the sha256 and size of every other file', () => {
    const manifest = writeBundle(join(folder, 'model'), { ...parts, extra: { 'report.html': '<p>é</p>' } });
    expect(parseManifest(JSON.parse(read('manifest.json').toString()))).toEqual(manifest);
    const others = readdirSync(join(folder, 'model')).filter((name) => name !== 'manifest.json');
    expect(Object.keys(manifest.files).sort()).toEqual(others.sort());
    for (const name of others) {
      const sha256 = createHash('sha256').update(read(name)).digest('hex');
      expect(manifest.files[name]).toEqual({ sha256, sizeBytes: statSync(join(folder, 'model', name)).size });
    }
    expect(JSON.parse(read('golden.json').toString())).toEqual({
      schemaVersion: 1,
      tolerance: 0.001,
      cases: parts.golden,
    });
  });

  it('takes the reference for drift when there is one, and names it in the manifest', () => {
    const prediction = {
      label: 'ham',
      score: 0.9,
      scores: {},
      truncated: false,
      tokens: 7,
      unknownTokens: 1,
    };
    const reference = makeReference([prediction], parts.labels);
    const manifest = writeBundle(join(folder, 'model'), { ...parts, reference });
    expect(parseReference(JSON.parse(read(manifest.reference!).toString()), manifest)).toEqual(reference);
    expect(writeBundle(join(folder, 'model'), parts)).not.toHaveProperty('reference');
  });

  it('derives the version from the model and the tokenizer, and from nothing else', () => {
    const sha = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
    const expected = sha(sha(parts.model) + sha(JSON.stringify(parts.tokenizer))).slice(0, 12);
    expect(writeBundle(join(folder, 'model'), parts).version).toBe(expected);
    expect(writeBundle(join(folder, 'model'), { ...parts, golden: [], commit: 'abc' }).version).toBe(
      expected,
    );
    expect(writeBundle(join(folder, 'model'), { ...parts, model: Uint8Array.of(9) }).version).not.toBe(
      expected,
    );
  });

  it('gives the same bytes for the same parts in any key order, and then touches no file', () => {
    writeBundle(join(folder, 'model'), parts);
    const first = snapshot();
    const inode = statSync(join(folder, 'model', 'model.onnx')).ino;
    const shuffled = Object.fromEntries(Object.entries(parts).reverse()) as unknown as BundleParts;
    writeBundle(join(folder, 'model'), shuffled);
    expect(snapshot()).toEqual(first);
    expect(statSync(join(folder, 'model', 'model.onnx')).ino).toBe(inode);
  });

  it('replaces an older bundle as a whole and leaves nothing beside it', () => {
    writeBundle(join(folder, 'model'), { ...parts, extra: { 'old.txt': 'x' } });
    writeBundle(join(folder, 'model'), parts);
    expect(readdirSync(join(folder, 'model')).sort()).toEqual([
      'golden.json',
      'manifest.json',
      'model.onnx',
      'tokenizer.json',
    ]);
    expect(readdirSync(folder)).toEqual(['model']);
  });

  it('refuses parts that could not be served, and leaves the old bundle as it was', () => {
    writeBundle(join(folder, 'model'), parts);
    const before = snapshot();
    expect(() => writeBundle(join(folder, 'model'), { ...parts, labels: ['ham'] })).toThrow('labels');
    expect(() => writeBundle(join(folder, 'model'), { ...parts, extra: { '../x': 'x' } })).toThrow('files');
    expect(snapshot()).toEqual(before);
    expect(readdirSync(folder)).toEqual(['model']);
  });

  it('leaves nothing behind when it cannot write', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => writeBundle(join(folder, 'file', 'model'), parts)).toThrow();
    expect(readdirSync(folder)).toEqual(['file']);
  });
});
