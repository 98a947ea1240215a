import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { BundleError } from './errors.ts';
import { load } from './load.ts';
import { bundleVersion, type FileRecord, type Manifest, type TensorSpec } from './manifest.ts';
import { opsetOf } from './onnx/opset.ts';
import { loadOnnxRuntime } from './onnxruntime.ts';
import { prepare } from './prepare.ts';
import { startSha256 } from './sha256.ts';

/** What a folder's own files don't say, or what should differ from what they do. */
export interface ImportOptions {
  name?: string;
  labels?: string[];
  maxTokens?: number;
  precision?: 'float32' | 'int8';
  /** Texts whose scores are recorded: what a deployment is asked before it goes live. */
  golden?: string[];
}

const defaultGolden = ['This is a test.', 'Thank you for your message. We will get back to you tomorrow.'];

/**
 * Makes a bundle of a BERT-style classifier that was exported to ONNX elsewhere: model.onnx (or onnx/model.onnx) and
 * tokenizer.json, with config.json for labels and length if it is there. Throws a BundleError that names the file and
 * leaves nothing behind if they don't make a bundle; never writes over a folder that exists.
 */
export async function importModel(
  source: string,
  target: string,
  options: ImportOptions = {},
): Promise<Manifest> {
  if (existsSync(target))
    throw new BundleError(basename(target), 'exists already', { hint: 'Give a new folder' });
  const model = read(source, existsSync(join(source, 'model.onnx')) ? 'model.onnx' : 'onnx/model.onnx');
  const tokenizer = read(source, 'tokenizer.json');
  const config = existsSync(join(source, 'config.json'))
    ? parse('config.json', read(source, 'config.json'))
    : {};
  const described = { ...(await describe(model)), ...settingsOf(config, options) };
  const labels = options.labels ?? labelsOf(config);
  const logits = described.outputs[0]!.shape.at(-1);
  if (labels.length !== logits)
    throw new BundleError(
      'model.onnx',
      `gives ${logits} logits for the labels ${labels.join(', ') || '(none)'}`,
      {
        hint: 'Name them in the order of the logits, with --labels',
      },
    );

  const { serving, files } = await prepare(model, parse('tokenizer.json', tokenizer), options);
  const contents = { 'model.onnx': model, 'tokenizer.json': tokenizer, ...files };
  const name = options.name ?? basename(resolve(source));
  const partial = `${resolve(target)}.partial`;
  try {
    const bundle = { name, labels, serving, ...described };
    write(partial, contents, bundle, []);
    const classifier = await load(partial);
    const texts = options.golden ?? defaultGolden;
    const predictions = await classifier.classify(texts);
    await classifier.dispose();
    const cases = predictions.map(({ label, scores }, i) => ({ text: texts[i]!, label, scores }));
    const manifest = write(partial, contents, bundle, cases);
    renameSync(partial, target);
    return manifest;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

type Described = Pick<Manifest, 'inputs' | 'outputs' | 'opset' | 'baseModel' | 'maxTokens'>;

function write(
  folder: string,
  contents: Record<string, Uint8Array>,
  bundle: Pick<Manifest, 'name' | 'labels' | 'serving'> & Described,
  cases: object[],
): Manifest {
  const golden = Buffer.from(`${JSON.stringify({ schemaVersion: 1, tolerance: 0.001, cases }, null, 2)}\n`);
  const all = { ...contents, 'golden.json': golden };
  const files: Record<string, FileRecord> = Object.fromEntries(
    Object.entries(all).map(([name, bytes]) => [
      name,
      { sha256: startSha256().update(bytes).digest('hex'), sizeBytes: bytes.length },
    ]),
  );
  const manifest: Manifest = {
    schemaVersion: 1,
    version: bundleVersion(files['model.onnx']!.sha256, files['tokenizer.json']!.sha256),
    task: 'text-classification',
    ...{ model: 'model.onnx', tokenizer: 'tokenizer.json', golden: 'golden.json' },
    ...{ dataset: null, commit: null, training: {}, metrics: null },
    ...bundle,
    files,
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(all)) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** The model's own word for what goes in and comes out. */
async function describe(model: Uint8Array): Promise<Pick<Manifest, 'inputs' | 'outputs' | 'opset'>> {
  const { InferenceSession } = await loadOnnxRuntime();
  const session = await InferenceSession.create(model).catch((cause: unknown) => {
    throw new BundleError('model.onnx', "can't be loaded by ONNX Runtime", { cause });
  });
  const specs = (metadata: readonly InferenceSession.ValueMetadata[]): TensorSpec[] =>
    metadata.flatMap((value) =>
      value.isTensor
        ? [{ name: value.name, dtype: value.type as TensorSpec['dtype'], shape: [...value.shape] }]
        : [],
    );
  const [inputs, outputs] = [specs(session.inputMetadata), specs(session.outputMetadata)];
  await session.release();
  const logits = outputs.find(({ name }) => name === 'logits') ?? outputs[0];
  if (logits?.shape.length !== 2 || typeof logits.shape[1] !== 'number')
    throw new BundleError('model.onnx', 'gives no logits of shape [batch, labels]', {
      hint: 'Export it for text classification',
    });
  return { inputs, outputs: [logits], opset: opsetOf(model) };
}

function settingsOf(config: Record<string, unknown>, { maxTokens }: ImportOptions) {
  const { max_position_embeddings: positions, _name_or_path: origin } = config;
  return {
    maxTokens: maxTokens ?? (typeof positions === 'number' ? positions : 512),
    baseModel: typeof origin === 'string' && origin ? origin : null,
  };
}

function labelsOf({ id2label }: Record<string, unknown>): string[] {
  if (typeof id2label !== 'object' || id2label === null) return [];
  const labels = Object.entries(id2label).sort(([a], [b]) => Number(a) - Number(b));
  return labels.map(([, label]) => String(label));
}

function read(folder: string, file: string): Uint8Array {
  try {
    return readFileSync(join(folder, file));
  } catch (cause) {
    throw new BundleError(file, `can't be read from ${folder}`, { cause });
  }
}

function parse(file: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BundleError(file, 'is not JSON', { cause });
  }
}
