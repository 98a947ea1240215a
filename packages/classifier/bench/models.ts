import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleVersion, type Manifest, prepare } from '../src/index.ts';
import { tokenizerFile } from '../test/tokenizer-file.ts';
import { bertModel, type Shape } from './bert.ts';

/** A vocabulary of this many made-up words and word ends, letters among them. */
function makeWords(size: number): string[] {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const pieces = new Set([...letters, ...letters.map((letter) => `##${letter}`), ...'0123456789.,!?']);
  let seed = 7;
  const next = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  while (pieces.size < size - 5) {
    const word = Array.from({ length: 2 + next(7) }, () => letters[next(26)]).join('');
    pieces.add(next(4) ? word : `##${word}`);
  }
  return [...pieces];
}

/** A text of this many tokens, the two special ones included. */
export function textOf(tokens: number, vocabulary: number): string {
  const words = makeWords(vocabulary).filter((piece) => /^[a-z]{3,}$/.test(piece));
  return Array.from({ length: tokens - 2 }, (_, i) => words[(i * 97) % words.length]).join(' ');
}

/**
 * Writes one model twice, as a bundle of ours that is prepared to be served and as the folder that transformers.js
 * reads; returns both folders. What is there already stays.
 */
export async function writeModel(folder: string, shape: Shape): Promise<{ bundle: string; peer: string }> {
  const [bundle, peer] = [join(folder, 'model'), join(folder, 'peer')];
  if (existsSync(join(bundle, 'manifest.json'))) return { bundle, peer };
  const model = bertModel(shape);
  const tokenizer = tokenizerFile(makeWords(shape.vocabulary));
  writePeer(peer, shape, model, tokenizer);

  const { serving, files: prepared } = await prepare(model, tokenizer, { precision: 'int8' });
  const files: Record<string, Uint8Array> = {
    'model.onnx': model,
    'tokenizer.json': Buffer.from(JSON.stringify(tokenizer)),
    'golden.json': Buffer.from('{"schemaVersion":1,"tolerance":0.001,"cases":[]}'),
    ...prepared,
  };
  const records = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [
      name,
      { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length },
    ]),
  );
  const ids = { dtype: 'int64' as const, shape: ['batch', 'sequence'] };
  const manifest: Manifest = {
    schemaVersion: 1,
    name: 'bench',
    version: bundleVersion(records['model.onnx']!.sha256, records['tokenizer.json']!.sha256),
    task: 'text-classification',
    labels: ['NEGATIVE', 'POSITIVE'],
    maxTokens: shape.positions,
    ...{ model: 'model.onnx', tokenizer: 'tokenizer.json', golden: 'golden.json', serving },
    inputs: [
      { name: 'input_ids', ...ids },
      { name: 'attention_mask', ...ids },
    ],
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', shape.labels] }],
    ...{ opset: 17, baseModel: null, dataset: null, commit: null, training: {}, metrics: null },
    files: records,
  };
  mkdirSync(bundle, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(bundle, name), bytes);
  writeFileSync(join(bundle, 'manifest.json'), JSON.stringify(manifest));
  return { bundle, peer };
}

function writePeer(folder: string, shape: Shape, model: Uint8Array, tokenizer: object): void {
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  const labels = { 0: 'NEGATIVE', 1: 'POSITIVE' };
  const config = {
    ...{
      model_type: 'bert',
      architectures: ['BertForSequenceClassification'],
      id2label: labels,
      label2id: { NEGATIVE: 0, POSITIVE: 1 },
    },
    ...{ hidden_size: shape.hidden, num_hidden_layers: shape.layers, num_attention_heads: shape.heads },
    ...{
      intermediate_size: shape.feedForward,
      vocab_size: shape.vocabulary,
      max_position_embeddings: shape.positions,
    },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  const settings = {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: true,
    model_max_length: shape.positions,
  };
  writeFileSync(
    join(folder, 'tokenizer_config.json'),
    JSON.stringify({
      ...settings,
      unk_token: '[UNK]',
      pad_token: '[PAD]',
      cls_token: '[CLS]',
      sep_token: '[SEP]',
    }),
  );
  writeFileSync(join(folder, 'onnx/model.onnx'), model);
}
