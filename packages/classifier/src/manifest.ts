import { BundleError } from './errors.ts';
import { startSha256 } from './sha256.ts';

/** What a bundle says about itself: the only file whose name a reader may know in advance. */
export interface Manifest {
  schemaVersion: 1;
  name: string;
  /** First 12 hex digits of the SHA-256 over the model's and the tokenizer's SHA-256 hex digests, in that order. */
  version: string;
  task: 'text-classification';
  /** Label names in the order of the logits. */
  labels: string[];
  /** Longest input in tokens, special tokens included. */
  maxTokens: number;
  model: string;
  tokenizer: string;
  golden: string;
  /** What live predictions are held against, if there is one. */
  reference?: string;
  /** A page about how the model was made and how good it is, if there is one. */
  report?: string;
  /** What `prepare` made of model and tokenizer; to load sooner. */
  serving?: ServingFiles;
  inputs: TensorSpec[];
  outputs: TensorSpec[];
  opset: number;
  baseModel: string | null;
  /** Null for a model that was imported and not trained here; so are the metrics. */
  dataset: ManifestDataset | null;
  commit: string | null;
  training: Record<string, unknown>;
  metrics: ManifestMetrics | null;
  /** Every file of the bundle but manifest.json itself. */
  files: Record<string, FileRecord>;
}

/** The files that a function loads in place of model and tokenizer. */
export interface ServingFiles {
  model: string;
  /** The model's weights, where they aren't in its own file. */
  weights?: string;
  tokenizer: string;
  /** How to answer before ONNX Runtime has started, if the model allows that. */
  plan?: string;
  /** Of the large weights; int8 answers a little otherwise than the model does. */
  precision: 'float32' | 'int8';
}

/** A named tensor; a dimension is a number or the name of one that varies. */
export interface TensorSpec {
  name: string;
  dtype: 'int32' | 'int64' | 'float32';
  shape: (number | string)[];
}

/** The data a model was trained and judged on. */
export interface ManifestDataset {
  name: string;
  version: string;
  sha256: string;
  examples: { train: number; dev: number; test: number };
}

/** Scores on the held-out test split. */
export interface ManifestMetrics {
  accuracy: number;
  mcc: number;
  f1: number;
  auc: number;
  /** [[true negatives, false positives], [false negatives, true positives]]. */
  confusion: number[][];
  baseline: { name: string; accuracy: number; mcc: number };
}

/** What a file must be before it may be used. */
export interface FileRecord {
  /** Lower-case hex. */
  sha256: string;
  sizeBytes: number;
}

/** The version of a model made of these two files' SHA-256 hex digests. */
export function bundleVersion(modelSha256: string, tokenizerSha256: string): string {
  return startSha256()
    .update(modelSha256 + tokenizerSha256)
    .digest('hex')
    .slice(0, 12);
}

/** Reads a manifest.json's parsed content; throws a BundleError that names the field. Keys it doesn't know stay as they are. */
export function parseManifest(json: unknown): Manifest {
  const manifest = parseFields(json);
  const { files, model, tokenizer } = manifest;
  const version = bundleVersion(files[model]!.sha256, files[tokenizer]!.sha256);
  if (manifest.version !== version)
    fail('version', `is ${show(manifest.version)}, but its files make ${version}`, 'Export the model again');
  return manifest;
}

/** As parseManifest, but takes the version's word for it: nothing is hashed. */
export function parseFields(json: unknown): Manifest {
  const manifest = object(json, 'the manifest');
  if (manifest.schemaVersion !== 1)
    fail('schemaVersion', `must be 1, is ${show(manifest.schemaVersion)}`, 'Export the model again');
  if (manifest.task !== 'text-classification')
    fail('task', `must be "text-classification", is ${show(manifest.task)}`);
  for (const field of ['name', 'version', 'model', 'tokenizer', 'golden']) text(manifest[field], field);
  for (const field of ['baseModel', 'commit']) if (manifest[field] !== null) text(manifest[field], field);
  const labels = array(manifest.labels, 'labels').map((label, i) => text(label, `labels[${i}]`));
  if (labels.length < 2) fail('labels', `must name two labels or more, names ${labels.length}`);
  if (new Set(labels).size < labels.length) fail('labels', 'must differ from each other');
  integer(manifest.maxTokens, 'maxTokens', 3, 65_536);
  integer(manifest.opset, 'opset', 1);
  object(manifest.training, 'training');
  tensors(manifest.inputs, 'inputs', ['int32', 'int64']);
  checkLogits(tensors(manifest.outputs, 'outputs', ['float32']), labels.length);
  if (manifest.dataset !== null) checkDataset(object(manifest.dataset, 'dataset'));
  if (manifest.metrics !== null) checkMetrics(object(manifest.metrics, 'metrics'), labels.length);
  checkFiles(manifest);
  return manifest as unknown as Manifest;
}

type Fields = Record<string, unknown>;

function checkLogits(outputs: Fields[], labels: number): void {
  const shape = outputs.length === 1 ? (outputs[0]!.shape as unknown[]) : [];
  if (shape.length !== 2 || shape[1] !== labels)
    fail('outputs', `must be one tensor of shape ["batch", ${labels}], one logit for each label`);
}

function checkDataset(dataset: Fields): void {
  for (const field of ['name', 'version']) text(dataset[field], `dataset.${field}`);
  digest(dataset.sha256, 'dataset.sha256');
  const examples = object(dataset.examples, 'dataset.examples');
  for (const split of ['train', 'dev', 'test']) integer(examples[split], `dataset.examples.${split}`);
}

function checkMetrics(metrics: Fields, labels: number): void {
  for (const field of ['accuracy', 'mcc', 'f1', 'auc']) finite(metrics[field], `metrics.${field}`);
  const rows = array(metrics.confusion, 'metrics.confusion').map((row) => array(row, 'metrics.confusion'));
  if (rows.length !== labels || rows.some((row) => row.length !== labels))
    fail('metrics.confusion', `must be a ${labels} × ${labels} matrix of counts`);
  for (const count of rows.flat()) integer(count, 'metrics.confusion');
  const baseline = object(metrics.baseline, 'metrics.baseline');
  text(baseline.name, 'metrics.baseline.name');
  for (const field of ['accuracy', 'mcc']) finite(baseline[field], `metrics.baseline.${field}`);
}

function checkFiles(manifest: Fields): void {
  const files = object(manifest.files, 'files');
  for (const [name, record] of Object.entries(files)) {
    // A file name from a manifest is joined to a folder: nothing that could leave it gets through.
    if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name))
      fail('files', `has ${show(name)}, not a plain file name`);
    const { sha256, sizeBytes } = object(record, `files[${show(name)}]`);
    digest(sha256, `files[${show(name)}].sha256`);
    integer(sizeBytes, `files[${show(name)}].sizeBytes`);
  }
  const listed = (value: unknown, field: string) => {
    if (!Object.hasOwn(files, text(value, field)))
      fail(field, `is ${show(value)}, which "files" doesn't list`);
  };
  for (const role of ['model', 'tokenizer', 'golden']) listed(manifest[role], role);
  for (const role of ['reference', 'report']) if (role in manifest) listed(manifest[role], role);
  if ('serving' in manifest) {
    const serving = object(manifest.serving, 'serving');
    const optional = ['weights', 'plan'].filter((role) => role in serving);
    for (const role of ['model', 'tokenizer', ...optional]) listed(serving[role], `serving.${role}`);
    if (serving.precision !== 'float32' && serving.precision !== 'int8')
      fail('serving.precision', `must be float32 or int8, is ${show(serving.precision)}`);
  }
}

function tensors(value: unknown, field: string, dtypes: string[]): Fields[] {
  const specs = array(value, field).map((spec, i) => object(spec, `${field}[${i}]`));
  if (!specs.length) fail(field, 'must not be empty');
  for (const [i, spec] of specs.entries()) {
    text(spec.name, `${field}[${i}].name`);
    if (!dtypes.includes(spec.dtype as string))
      fail(`${field}[${i}].dtype`, `must be ${dtypes.join(' or ')}, is ${show(spec.dtype)}`);
    for (const dimension of array(spec.shape, `${field}[${i}].shape`))
      if (typeof dimension === 'number') integer(dimension, `${field}[${i}].shape`, 1);
      else text(dimension, `${field}[${i}].shape`);
  }
  return specs;
}

function fail(field: string, problem: string, hint?: string): never {
  throw new BundleError('manifest.json', `${field} ${problem}`, hint ? { hint } : undefined);
}

function show(value: unknown): string {
  const json = JSON.stringify(value) ?? 'missing';
  return json.length > 60 ? `${json.slice(0, 60)}…` : json;
}

function object(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    fail(field, `must be an object, is ${show(value)}`);
  return value as Fields;
}

function array(value: unknown, field: string): unknown[] {
  return Array.isArray(value) ? value : fail(field, `must be a list, is ${show(value)}`);
}

function text(value: unknown, field: string): string {
  return typeof value === 'string' && value !== '' ? value : fail(field, `must be a text, is ${show(value)}`);
}

function finite(value: unknown, field: string): void {
  if (typeof value !== 'number' || !Number.isFinite(value))
    fail(field, `must be a number, is ${show(value)}`);
}

function integer(value: unknown, field: string, least = 0, most = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    fail(field, `must be a whole number from ${least}, is ${show(value)}`);
}

function digest(value: unknown, field: string): void {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value))
    fail(field, `must be 64 hex digits, is ${show(value)}`);
}
