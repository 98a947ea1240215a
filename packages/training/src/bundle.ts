import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import {
  bundleVersion,
  type FileRecord,
  type Manifest,
  type Prepared,
  parseManifest,
  type Reference,
} from '@mainline/classifier';

/** A text and the scores the exported model gave it: what a deployment is asked before it goes live. */
export interface GoldenCase {
  text: string;
  label: string;
  scores: Record<string, number>;
}

/** What a bundle is made of: the manifest's own fields and the files' contents. */
export interface BundleParts
  extends Pick<
    Manifest,
    | 'name'
    | 'labels'
    | 'maxTokens'
    | 'inputs'
    | 'outputs'
    | 'opset'
    | 'baseModel'
    | 'dataset'
    | 'commit'
    | 'training'
    | 'metrics'
  > {
  /** The ONNX model's bytes. */
  model: Uint8Array;
  /** A Hugging Face tokenizer.json. */
  tokenizer: object;
  golden: GoldenCase[];
  /** How predictions are spread on texts the model was not trained on: what live traffic is held against. */
  reference?: Reference;
  /** The same model laid out for a fast start, from the classifier's `prepare`. */
  prepared?: Prepared;
  /** Further files by name; the manifest points at `report.html`, which the function serves. */
  extra?: Record<string, string | Uint8Array>;
}

const TOLERANCE = 0.001;

/**
 * Writes a model bundle to `directory` and returns its manifest. All or nothing: it is written beside the old one
 * and swapped in when complete. The same parts give the same bytes, and then nothing is touched at all. Throws
 * the classifier's `BundleError` if the code that serves would refuse the manifest.
 */
export function writeBundle(directory: string, parts: BundleParts): Manifest {
  const files: Record<string, Uint8Array> = {
    'model.onnx': parts.model,
    'tokenizer.json': toBytes(JSON.stringify(parts.tokenizer)),
    'golden.json': toJson({ schemaVersion: 1, tolerance: TOLERANCE, cases: parts.golden }),
  };
  if (parts.reference) files['reference.json'] = toJson(parts.reference);
  for (const [name, content] of Object.entries(parts.extra ?? {})) files[name] = toBytes(content);
  Object.assign(files, parts.prepared?.files);
  const manifest = describe(parts, files);
  const target = resolve(directory);
  const contents = { ...files, 'manifest.json': toJson(manifest) };
  if (!holds(target, contents)) replace(target, contents);
  return manifest;
}

function describe(parts: BundleParts, files: Record<string, Uint8Array>): Manifest {
  const records: Record<string, FileRecord> = {};
  for (const [name, bytes] of Object.entries(files)) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    records[name] = { sha256, sizeBytes: bytes.length };
  }
  return parseManifest({
    schemaVersion: 1,
    name: parts.name,
    version: bundleVersion(records['model.onnx']!.sha256, records['tokenizer.json']!.sha256),
    task: 'text-classification',
    labels: parts.labels,
    maxTokens: parts.maxTokens,
    model: 'model.onnx',
    tokenizer: 'tokenizer.json',
    golden: 'golden.json',
    ...(parts.reference && { reference: 'reference.json' }),
    ...(files['report.html'] && { report: 'report.html' }),
    ...(parts.prepared && { serving: parts.prepared.serving }),
    inputs: parts.inputs,
    outputs: parts.outputs,
    opset: parts.opset,
    baseModel: parts.baseModel,
    dataset: parts.dataset,
    commit: parts.commit,
    training: parts.training,
    metrics: parts.metrics,
    files: records,
  } satisfies Manifest);
}

function toJson(value: unknown): Uint8Array {
  return toBytes(`${JSON.stringify(value, null, 2)}\n`);
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}

function holds(directory: string, contents: Record<string, Uint8Array>): boolean {
  try {
    const names = readdirSync(directory);
    return (
      names.length === Object.keys(contents).length &&
      names.every((name) => contents[name] && readFileSync(join(directory, name)).equals(contents[name]))
    );
  } catch {
    // There is no readable bundle yet; writing one will say what is wrong, if anything is.
    return false;
  }
}

/** A folder can't be renamed over a full one, so the old one steps aside; both are hidden siblings for that moment. */
function replace(directory: string, contents: Record<string, Uint8Array>): void {
  const sibling = join(dirname(directory), `.${basename(directory)}-${randomBytes(4).toString('hex')}`);
  const [fresh, old] = [`${sibling}.new`, `${sibling}.old`];
  try {
    mkdirSync(fresh, { recursive: true });
    for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(fresh, name), bytes);
    if (existsSync(directory)) renameSync(directory, old);
    renameSync(fresh, directory);
  } catch (error) {
    if (existsSync(old)) renameSync(old, directory);
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
}
