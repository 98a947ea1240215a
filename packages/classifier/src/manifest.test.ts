import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BundleError } from './errors.ts';
import { bundleVersion, parseManifest } from './manifest.ts';

const sha256 = (digit: string) => digit.repeat(64);

const manifest = () => ({
  schemaVersion: 1,
  name: 'spam',
  version: bundleVersion(sha256('1'), sha256('2')),
  task: 'text-classification',
  labels: ['ham', 'spam'],
  maxTokens: 128,
  model: 'model.onnx',
  tokenizer: 'tokenizer.json',
  golden: 'golden.json',
  inputs: [
    { name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] },
    { name: 'attention_mask', dtype: 'int64', shape: ['batch', 'sequence'] },
  ],
  outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 2] }],
  opset: 17,
  baseModel: null,
  dataset: {
    name: 'mail',
    version: '1',
    sha256: sha256('3'),
    examples: { train: 80, dev: 10, test: 10 },
  },
  commit: null,
  training: { seed: 1 },
  metrics: {
    ...{ accuracy: 0.9, mcc: 0.8, f1: 0.9, auc: 0.95 },
    confusion: [
      [5, 0],
      [1, 4],
    ],
    baseline: { name: 'bag of words', accuracy: 0.9, mcc: 0.8, f1: 0.9 },
  },
  files: {
    'model.onnx': { sha256: sha256('1'), sizeBytes: 10 },
    'tokenizer.json': { sha256: sha256('2'), sizeBytes: 10 },
    'golden.json': { sha256: sha256('4'), sizeBytes: 10 },
  },
});

it('reads a manifest as it was written, with keys it does not know', () => {
  const written = { ...manifest(), note: 'of a later version' };
  expect(parseManifest(JSON.parse(JSON.stringify(written)))).toEqual(written);
});

it('an imported model has no dataset and no metrics', () => {
  expect(parseManifest({ ...manifest(), dataset: null, metrics: null }).metrics).toBeNull();
});

describe('names the field at fault', () => {
  const file = { sha256: sha256('1'), sizeBytes: 1 };
  it.each([
    [null, 'manifest.json: the manifest must be an object, is null'],
    [{ schemaVersion: 2 }, 'schemaVersion must be 1, is 2. Export the model again'],
    [{ task: 'translation' }, 'task must be "text-classification"'],
    [{ name: '' }, 'name must be a text, is ""'],
    [{ labels: ['ham'] }, 'labels must name two labels or more, names 1'],
    [{ labels: ['ham', 'ham'] }, 'labels must differ'],
    [{ labels: ['ham', 'spam', 'eggs'] }, 'outputs must be one tensor of shape ["batch", 3]'],
    [{ maxTokens: 0 }, 'maxTokens must be a whole number from 3, is 0'],
    [
      { inputs: [{ name: 'input_ids', dtype: 'float32', shape: [] }] },
      'inputs[0].dtype must be int32 or int64',
    ],
    [{ model: 'other.onnx' }, 'model is "other.onnx", which "files" doesn\'t list'],
    [{ model: 'toString' }, 'model is "toString", which "files" doesn\'t list'],
    [{ files: { '../model.onnx': file } }, 'files has "../model.onnx", not a plain file name'],
    [{ files: { 'a/b': file } }, 'not a plain file name'],
    [{ files: { 'model.onnx': { sha256: 'abc', sizeBytes: 1 } } }, 'sha256 must be 64 hex digits'],
    [{ version: '0123456789ab' }, 'but its files make'],
    [{ metrics: { ...manifest().metrics, confusion: [[1]] } }, 'metrics.confusion must be a 2 × 2 matrix'],
  ])('%#', (change, message) => {
    const broken = change && { ...manifest(), ...change };
    expect(() => parseManifest(broken)).toThrow(BundleError);
    expect(() => parseManifest(broken)).toThrow(message);
  });

  it('whatever the file holds, it is a BundleError', () => {
    const key = fc.constantFrom(...Object.keys(manifest()));
    fc.assert(
      fc.property(key, fc.jsonValue(), fc.jsonValue(), (key, value, other) => {
        for (const json of [{ ...manifest(), [key]: value }, other])
          try {
            parseManifest(json);
          } catch (error) {
            expect(error).toBeInstanceOf(BundleError);
          }
      }),
    );
  });
});
