import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from './errors.ts';
import type { Weight } from './graphs.ts';
import type { Metrics } from './metrics.ts';
import type { Params } from './params.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

/** What training leaves for export: everything but the code. */
export interface Checkpoint {
  run: Run;
  weights: ReadonlyMap<string, Weight>;
  /** A Hugging Face tokenizer.json. */
  tokenizer: object;
  /** Texts the model was not trained on, to see how its predictions spread. */
  dev: string[];
  test: TestCase[];
}

/** How the weights came about. */
export interface Run {
  params: TrainedParams;
  dataset: {
    name: string;
    version: string;
    sha256: string;
    examples: { train: number; dev: number; test: number };
    notes: string[];
  };
  /** On the test split, by the training graph. */
  metrics: Metrics;
  baseline: { name: string } & Metrics;
  /** Training loss of every step. */
  losses: number[];
  stepsPerEpoch: number;
}

/** The part of params.yaml that the weights depend on. */
export type TrainedParams = Pick<Params, 'name' | 'dataset' | 'labels' | 'tokenizer' | 'model' | 'training'>;

/** A test example with what the training graph and the baseline said: one logit per label. */
export interface TestCase {
  id: string;
  text: string;
  label: number;
  logits: number[];
  baselineLogits: number[];
  /** Length before anything was cut. */
  tokens: number;
}

const schemaVersion = 1;

/** The folder of a model's checkpoint; git ignores it. */
export function checkpointFolder(modelFolder: string): string {
  return join(modelFolder, '.train');
}

/** Writes the checkpoint whole or not at all: it is built beside its place and moved there when complete. */
export function writeCheckpoint(modelFolder: string, checkpoint: Checkpoint): void {
  const files: Record<string, Uint8Array> = {
    'weights.safetensors': encodeSafetensors(checkpoint.weights),
    'tokenizer.json': Buffer.from(JSON.stringify(checkpoint.tokenizer)),
    'examples.json': Buffer.from(JSON.stringify({ dev: checkpoint.dev, test: checkpoint.test })),
  };
  const hashes = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, sha256(bytes)]));
  files['run.json'] = Buffer.from(
    `${JSON.stringify({ schemaVersion, ...checkpoint.run, files: hashes }, null, 2)}\n`,
  );
  const folder = checkpointFolder(modelFolder);
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(fresh, name), bytes);
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

/** Reads what writeCheckpoint wrote. Throws CheckpointError if there is none or a file is not the one run.json names. */
export function readCheckpoint(modelFolder: string): Checkpoint {
  const folder = checkpointFolder(modelFolder);
  const {
    schemaVersion: version,
    files,
    ...run
  } = readJson(folder, 'run.json') as unknown as Run & StoredExtra;
  if (version !== schemaVersion || typeof files !== 'object' || files === null)
    throw new CheckpointError(`${folder}/run.json is from other code: train again`);
  const read = (name: string): Buffer => {
    const bytes = readBytes(folder, name);
    if (sha256(bytes) !== files[name])
      throw new CheckpointError(`${folder}/${name} is not the file that training wrote: train again`);
    return bytes;
  };
  const weights = decodeSafetensors(read('weights.safetensors'));
  // The hashes match: this is what writeCheckpoint wrote, so its types hold.
  const tokenizer = JSON.parse(read('tokenizer.json').toString()) as object;
  const { dev, test } = JSON.parse(read('examples.json').toString()) as Pick<Checkpoint, 'dev' | 'test'>;
  return { run, weights, tokenizer, dev, test };
}

interface StoredExtra {
  schemaVersion: unknown;
  files: Record<string, string> | null;
}

function readJson(folder: string, name: string): Record<string, unknown> {
  const text = readBytes(folder, name).toString();
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json as Record<string, unknown>;
  } catch (cause) {
    throw new CheckpointError(`${folder}/${name} is not JSON: train again`, { cause });
  }
  throw new CheckpointError(`${folder}/${name} is not an object: train again`);
}

function readBytes(folder: string, name: string): Buffer {
  try {
    return readFileSync(join(folder, name));
  } catch (cause) {
    throw new CheckpointError(`there is no checkpoint in ${folder} (${name} can't be read): train first`, {
      cause,
    });
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
