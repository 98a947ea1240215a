import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, type Manifest, makeReference, parseTokenizer, prepare } from '@mainline/classifier';
import { type BundleParts, writeBundle } from './bundle.ts';
import { type Checkpoint, readCheckpoint, type TrainedParams } from './checkpoint.ts';
import { CheckpointError, ExportError } from './errors.ts';
import { opset, servedGraph } from './graphs.ts';
import { encodeExamples, logitsOf } from './logits.ts';
import { evaluate } from './metrics.ts';
import { type Params, readParams } from './params.ts';
import type { Output } from './progress.ts';
import { report } from './report/report.ts';
import { batchFeeds, openSession, runLogits } from './session.ts';

export interface ExportOptions {
  output: Output;
  /** The commit the model is made from, for its manifest. */
  commit?: string;
}

// float32 rounding differs by 1e-6 between two orders of the same sums; a real difference is far larger.
const tolerance = 1e-3;

/**
 * Turns a model's checkpoint into its bundle, `model/`, and writes metrics.json. The model that goes in is asked
 * every held-out text first: throws ExportError if it doesn't answer what the model answered in training.
 */
export async function exportModel(folder: string, { output, commit }: ExportOptions): Promise<Manifest> {
  const params = readParams(folder);
  const checkpoint = readCheckpoint(params.directory);
  requireSameParams(params, checkpoint.run.params);

  const model = modelOf(params, checkpoint);
  const logits = await askModel(model, params, checkpoint);
  const difference = largestDifference(
    logits,
    checkpoint.test.map((item) => item.logits),
  );
  const figures = `largest difference of a logit ${difference.toExponential(1)} (allowed ${tolerance})`;
  if (!(difference <= tolerance))
    throw new ExportError(`the exported model answers otherwise than in training: ${figures}`);
  output.write(`  model.onnx against the training graph on ${logits.length} held-out texts: ${figures}\n`);

  const metrics = evaluate(
    checkpoint.test.map(({ label }) => label),
    logits,
  );
  const { run } = checkpoint;
  const { labels } = params;
  const { notes: _, ...dataset } = run.dataset;
  const draft: BundleParts = {
    name: params.name,
    labels,
    maxTokens: params.model.maxTokens,
    inputs: ['input_ids', 'attention_mask'].map((name) => ({
      name,
      dtype: 'int64',
      shape: ['batch', 'sequence'],
    })),
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', labels.length] }],
    opset,
    baseModel: null,
    dataset,
    commit: commit ?? null,
    training: { tokenizer: params.tokenizer, model: params.model, training: params.training },
    metrics: { ...metrics, baseline: run.baseline },
    model,
    tokenizer: checkpoint.tokenizer,
    golden: [],
    prepared: await prepare(model, checkpoint.tokenizer),
    extra: { 'report.html': reportOf(params, checkpoint, logits) },
  };
  const manifest = writeBundle(join(params.directory, 'model'), {
    ...draft,
    ...(await predictionsOf(draft, params.golden, checkpoint.dev)),
  });
  await writeFile(
    join(params.directory, 'metrics.json'),
    `${JSON.stringify({ test: metrics, baseline: run.baseline }, null, 2)}\n`,
  );
  const megabytes = (model.length / 1e6).toFixed(2);
  output.write(`  bundle: ${join(folder, 'model')}, version ${manifest.version}, ${megabytes} MB\n`);
  return manifest;
}

function modelOf({ model, labels }: Params, { tokenizer, weights }: Checkpoint): Uint8Array {
  const { vocabularySize } = parseTokenizer(tokenizer);
  return servedGraph({ shape: model, vocabularySize, labels: labels.length }, weights);
}

/** The exported model's logits for the held-out texts, tokenised anew. */
async function askModel(model: Uint8Array, params: Params, checkpoint: Checkpoint): Promise<number[][]> {
  const tokenizer = parseTokenizer(checkpoint.tokenizer);
  const session = await openSession(model);
  const rows = await logitsOf(
    { logits: (batch) => runLogits(session, batchFeeds(batch)) },
    encodeExamples(checkpoint.test, tokenizer, params.model.maxTokens),
    { labels: params.labels.length, padId: tokenizer.padId, batchSize: params.training.batchSize },
  );
  await session.release();
  return rows;
}

/** Asks the bundle as it will be served, from files through the classifier package, what it will be checked against. */
async function predictionsOf(
  draft: BundleParts,
  golden: string[],
  dev: string[],
): Promise<Pick<BundleParts, 'golden' | 'reference'>> {
  const folder = await mkdtemp(join(tmpdir(), 'mainline-export-'));
  try {
    writeBundle(join(folder, 'model'), draft);
    const classifier = await load(join(folder, 'model'));
    const answers = await classifier.classify(golden);
    const reference = makeReference(await classifier.classify(dev), draft.labels);
    await classifier.dispose();
    return {
      golden: answers.map(({ label, scores }, index) => ({ text: golden[index]!, label, scores })),
      reference,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function reportOf(params: Params, { run, test }: Checkpoint, logits: number[][]): string {
  return report({
    name: params.name,
    labels: params.labels,
    dataset: run.dataset,
    parameters: { ...params.model, ...params.training },
    losses: run.losses,
    stepsPerEpoch: run.stepsPerEpoch,
    maxTokens: params.model.maxTokens,
    baseline: run.baseline.name,
    cases: test.map(({ id, label, baselineLogits, tokens }, index) => ({
      id,
      label,
      logits: logits[index]!,
      baselineLogits,
      tokens,
    })),
  });
}

function requireSameParams(params: Params, trained: TrainedParams): void {
  for (const key of ['name', 'dataset', 'labels', 'tokenizer', 'model', 'training'] as const)
    if (JSON.stringify(params[key]) !== JSON.stringify(trained[key]))
      throw new CheckpointError(`params.yaml: ${key} has changed since this model was trained: train again`);
}

function largestDifference(a: number[][], b: number[][]): number {
  const differences = a.flatMap((row, index) => row.map((value, at) => Math.abs(value - b[index]![at]!)));
  // Reduced, not spread: there may be more of them than arguments fit a call. NaN stays NaN.
  return differences.reduce((largest, value) => Math.max(largest, value), 0);
}
