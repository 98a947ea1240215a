import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleVersion, type Manifest } from '@mainline/classifier';

/** The model.onnx that `node packages/classifier/test/tiny-bundle.ts <folder>` writes: it adds up a weight for each token. */
const model = [
  'CAg62wMKIgoHd2VpZ2h0cwoJaW5wdXRfaWRzEgRyb3dzIgZHYXRoZXIKJwoOYXR0ZW50aW9uX21hc2sSBG1hc2siBENhc3QqCQoC',
  'dG8YAaABAgofCgRtYXNrCgRsYXN0EgZjb2x1bW4iCVVuc3F1ZWV6ZQoZCgRyb3dzCgZjb2x1bW4SBGtlcHQiA011bAoyCgRrZXB0',
  'CgZtaWRkbGUSBmxvZ2l0cyIJUmVkdWNlU3VtKg8KCGtlZXBkaW1zGACgAQISA3N1bSpxCAwIAhABQgd3ZWlnaHRzSmAAAEhCAABI',
  'wgAAAD4AAAAAAAAAPwAAAAAAAAAAAACAPgAAAAAAAAAAAAAAAAAAwD8AAAAAAACAPwAAAAAAAAA/AADAPwAAAAAAAIA/AAAAAAAA',
  'AAAAAAA/AACAPgAAQD8qFAgBEAdCBGxhc3RKCAIAAAAAAAAAKhYIARAHQgZtaWRkbGVKCAEAAAAAAAAAWigKCWlucHV0X2lkcxIb',
  'ChkIBxIVCgcSBWJhdGNoCgoSCHNlcXVlbmNlWi0KDmF0dGVudGlvbl9tYXNrEhsKGQgHEhUKBxIFYmF0Y2gKChIIc2VxdWVuY2Vi',
  'HQoGbG9naXRzEhMKEQgBEg0KBxIFYmF0Y2gKAggCQgIQEQ==',
].join('');

const tokens = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  'free',
  'win',
  '##ner',
  'meeting',
  'notes',
  '!',
  'é',
];

const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: tokens.slice(0, 5).map((content, id) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  })),
  normalizer: {
    ...{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: false },
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
  decoder: null,
  model: {
    ...{
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
    },
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
  },
};

/** Writes a whole model bundle of 3 kB that tells "Free winner!" (spam, 0.9627) from "meeting notes" (ham). */
export function writeBundle(folder: string, preTokenizer = 'BertPreTokenizer'): string {
  const contents: Record<string, string | Buffer> = {
    'model.onnx': Buffer.from(model, 'base64'),
    'tokenizer.json': JSON.stringify({ ...tokenizer, pre_tokenizer: { type: preTokenizer } }),
    'golden.json': JSON.stringify({
      schemaVersion: 1,
      tolerance: 0.001,
      cases: [{ text: 'Free winner!', label: 'spam', scores: { ham: 0.0373, spam: 0.9627 } }],
    }),
    'report.html': '<!doctype html><title>How good it is</title>',
  };
  const files = Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [
      name,
      { sha256: createHash('sha256').update(content).digest('hex'), sizeBytes: Buffer.byteLength(content) },
    ]),
  );
  const manifest: Manifest = {
    schemaVersion: 1,
    name: 'tiny',
    version: bundleVersion(files['model.onnx']!.sha256, files['tokenizer.json']!.sha256),
    task: 'text-classification',
    labels: ['ham', 'spam'],
    maxTokens: 8,
    model: 'model.onnx',
    tokenizer: 'tokenizer.json',
    golden: 'golden.json',
    report: 'report.html',
    inputs: ['input_ids', 'attention_mask'].map((name) => ({
      name,
      dtype: 'int64',
      shape: ['batch', 'sequence'],
    })),
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 2] }],
    opset: 17,
    baseModel: null,
    dataset: null,
    commit: null,
    training: {},
    metrics: null,
    files,
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  return folder;
}
