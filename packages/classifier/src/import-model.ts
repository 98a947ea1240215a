import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import type { Classifier } from './classify.ts';
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
  /** Told what whoever imports should know, a line each. */
  log?: (line: string) => void;
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
  const file = existsSync(join(source, 'model.onnx')) ? 'model.onnx' : 'onnx/model.onnx';
  const model = read(source, file);
  const weights = ['.data', '_data'].map((end) => file + end).find((name) => existsSync(join(source, name)));
  if (weights)
    throw new BundleError(file, `has its weights in ${weights}`, {
      hint: 'Write both into one file: onnx.save(onnx.load("model.onnx"), "one/model.onnx")',
    });
  const tokenizer = read(source, 'tokenizer.json');
  const config = readOptional(source, 'config.json');
  const described = { ...(await describe(model)), ...settingsOf(source, config, options) };
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

  const { serving, files, whyNoPlan } = await prepare(model, parse('tokenizer.json', tokenizer), options);
  if (whyNoPlan) options.log?.(`no quick start, each begins with ONNX Runtime's own: ${whyNoPlan}`);
  const contents = { 'model.onnx': model, 'tokenizer.json': tokenizer, ...files };
  const name = options.name ?? basename(resolve(source));
  const partial = `${resolve(target)}.partial`;
  try {
    const bundle = { name, labels, serving, ...described };
    write(partial, contents, bundle, []);
    const classifier = await load(partial);
    const texts = options.golden ?? defaultGolden;
    const predictions = await classifier.classify(texts);
    await checkLengths(classifier);
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
  // An 8-bit activation on the edge between two steps may fall the other way on another CPU.
  const tolerance = bundle.serving?.precision === 'int8' ? 0.01 : 0.001;
  const golden = Buffer.from(`${JSON.stringify({ schemaVersion: 1, tolerance, cases }, null, 2)}\n`);
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

/** The shortest and the longest that may come: a model that can't read one of them fails here, not on a request. */
async function checkLengths({ classify, manifest: { maxTokens } }: Classifier): Promise<void> {
  const cases: [text: string, tokens: string, hint: string][] = [
    ['', 'no tokens but special ones', 'Its tokenizer.json has to put one around each text'],
    ['a '.repeat(maxTokens), `${maxTokens} tokens`, 'Say how many it reads, with --max-tokens'],
  ];
  for (const [text, tokens, hint] of cases)
    await classify([text]).catch((cause: unknown) => {
      throw new BundleError('model.onnx', `fails on a text of ${tokens}`, { hint, cause });
    });
}

function settingsOf(source: string, config: Record<string, unknown>, { maxTokens }: ImportOptions) {
  const { max_position_embeddings: positions, _name_or_path: origin, problem_type: problem } = config;
  if (problem === 'multi_label_classification')
    throw new BundleError('config.json', `problem_type is ${problem}`, {
      hint: 'Only models that give each text one label are served',
    });
  // RoBERTa and its like have two positions more than they read tokens; the tokenizer knows.
  const { model_max_length: readable } = readOptional(source, 'tokenizer_config.json');
  // One without a limit says 1e30.
  const lengths = [positions, readable].filter(
    (length): length is number => typeof length === 'number' && length < 1e9,
  );
  return {
    maxTokens: maxTokens ?? Math.min(...(lengths.length ? lengths : [512])),
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

function readOptional(folder: string, file: string): Record<string, unknown> {
  return existsSync(join(folder, file)) ? parse(file, read(folder, file)) : {};
}

function parse(file: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BundleError(file, 'is not JSON', { cause });
  }
}
