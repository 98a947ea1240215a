import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleVersion, type Manifest } from '../src/manifest.ts';
import { prepare } from '../src/prepare.ts';
import { sumModel } from './onnx.ts';
import { tokenizerFile } from './tokenizer-file.ts';

/** Each token's weight for ham and for spam; the padding's is large, so that a mask left out is seen. */
export const weights: Record<string, [ham: number, spam: number]> = {
  '[PAD]': [50, -50],
  '[UNK]': [0.125, 0],
  '[CLS]': [0.5, 0],
  '[SEP]': [0, 0.25],
  '[MASK]': [0, 0],
  free: [0, 1.5],
  win: [0, 1],
  '##ner': [0, 0.5],
  meeting: [1.5, 0],
  notes: [1, 0],
  '!': [0, 0.5],
  é: [0.25, 0.75],
};

/** Adds what `prepare` makes of a tiny bundle. */
export async function prepareTinyBundle(folder: string): Promise<string> {
  const path = (name: string) => join(folder, name);
  const { serving, files } = await prepare(
    readFileSync(path('model.onnx')),
    JSON.parse(readFileSync(path('tokenizer.json'), 'utf8')),
  );
  const manifest: Manifest = JSON.parse(readFileSync(path('manifest.json'), 'utf8'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(path(name), content);
    manifest.files[name] = recordOf(content);
  }
  writeFileSync(path('manifest.json'), JSON.stringify({ ...manifest, serving }));
  return folder;
}

const recordOf = (content: string | Uint8Array) => ({
  sha256: createHash('sha256').update(content).digest('hex'),
  sizeBytes: Buffer.byteLength(content),
});

/** Writes a whole bundle whose every score can be worked out by hand; `change` edits the manifest last. */
export function writeTinyBundle(
  folder: string,
  options: { dtype?: 'int32' | 'int64'; change?: (manifest: Manifest) => void } = {},
): string {
  const dtype = options.dtype ?? 'int64';
  const spamOf = (text: string, spam: number) => ({
    text,
    label: spam > 0.5 ? 'spam' : 'ham',
    scores: { ham: 1 - spam, spam },
  });
  const contents = {
    'model.onnx': sumModel(Object.values(weights), dtype),
    'tokenizer.json': JSON.stringify(tokenizerFile(Object.keys(weights), { strip_accents: false })),
    'golden.json': JSON.stringify({
      schemaVersion: 1,
      tolerance: 0.001,
      cases: [
        spamOf('free winner!', 1 / (1 + Math.exp(0.5 - 3.75))),
        spamOf('meeting notes', 1 / (1 + Math.exp(3 - 0.25))),
      ],
    }),
  };
  const files = Object.fromEntries(
    Object.entries(contents).map(([name, content]) => [name, recordOf(content)]),
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
    inputs: ['input_ids', 'attention_mask'].map((name) => ({ name, dtype, shape: ['batch', 'sequence'] })),
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', 2] }],
    opset: 17,
    baseModel: null,
    dataset: null,
    commit: null,
    training: {},
    metrics: null,
    files,
  };
  options.change?.(manifest);
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
  return folder;
}

// `node test/tiny-bundle.ts <folder>` writes it for other packages: apps/lambda/test/bundle.ts has a copy of the model.
if (process.argv[1] === import.meta.filename) writeTinyBundle(process.argv[2]!);
