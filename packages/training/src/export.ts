import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, type Manifest, parseTokenizer } from '@mainline/classifier';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Batch } from './batches.ts';
import { type BundleParts, type GoldenCase, writeBundle } from './bundle.ts';
import { readCheckpoint, type TrainedParams } from './checkpoint.ts';
import { CheckpointError, ExportError } from './errors.ts';
import { opset, servedGraph } from './graphs.ts';
import { evaluate } from './metrics.ts';
import { type Params, readParams } from './params.ts';
import type { Output } from './progress.ts';
import { encoderFor, logitsOf } from './train.ts';

export interface ExportOptions {
  output: Output;
  /** The commit the model is made from, for its manifest. */
  commit?: string;
}

// float32 rounding, seen as 1e-6 between the graphs; a real difference is far larger.
const tolerance = 1e-3;

/**
 * Turns a model's checkpoint into its bundle, `model/`, and writes metrics.json. The model that goes in is asked
 * every held-out text first: throws ExportError if it doesn't answer what the training graph answered.
 */
export async function exportModel(folder: string, { output, commit }: ExportOptions): Promise<Manifest> {
  const params = readParams(folder);
  const checkpoint = readCheckpoint(params.directory);
  requireSameParams(params, checkpoint.run.params);
  const { run, heldOut } = checkpoint;
  const { labels } = params;

  const tokenizer = parseTokenizer(checkpoint.tokenizer);
  const spec = { shape: params.model, vocabularySize: tokenizer.vocabularySize, labels: labels.length };
  const model = servedGraph(spec, checkpoint.weights);

  const examples = heldOut.map(encoderFor(tokenizer, params.model.maxTokens));
  const served = await openModel(model);
  const logits = await logitsOf(served, examples, labels.length, tokenizer.padId, params.training.batchSize);
  await served.dispose();
  const difference = largestDifference(
    logits,
    heldOut.map((item) => item.logits),
  );
  const figures = `largest difference of a logit ${difference.toExponential(1)} (allowed ${tolerance})`;
  if (!(difference <= tolerance))
    throw new ExportError(`the exported model answers otherwise than the training graph: ${figures}`);
  output.write(`  exported model against training graph, ${heldOut.length} held-out texts: ${figures}\n`);

  const metrics = evaluate(
    heldOut.map(({ label }) => label),
    logits,
  );
  const parts: BundleParts = {
    name: params.name,
    labels,
    maxTokens: params.model.maxTokens,
    inputs: [
      { name: 'input_ids', dtype: 'int64', shape: ['batch', 'sequence'] },
      { name: 'attention_mask', dtype: 'int64', shape: ['batch', 'sequence'] },
    ],
    outputs: [{ name: 'logits', dtype: 'float32', shape: ['batch', labels.length] }],
    opset,
    baseModel: null,
    dataset: {
      name: run.dataset.name,
      version: run.dataset.version,
      sha256: run.dataset.sha256,
      examples: run.dataset.examples,
    },
    commit: commit ?? null,
    training: { tokenizer: params.tokenizer, model: params.model, training: params.training },
    metrics: { ...metrics, baseline: run.baseline },
    model,
    tokenizer: checkpoint.tokenizer,
    golden: [],
  };
  const manifest = writeBundle(join(params.directory, 'model'), {
    ...parts,
    golden: await scoreGolden(parts, params.golden),
  });
  await writeFile(
    join(params.directory, 'metrics.json'),
    `${JSON.stringify({ test: metrics, baseline: run.baseline }, null, 2)}\n`,
  );
  output.write(`  bundle: ${join(folder, 'model')}, version ${manifest.version}, ${size(model)}\n`);
  return manifest;
}

/** Asks the bundle as it will be served: through the classifier package, from files. */
async function scoreGolden(parts: BundleParts, texts: string[]): Promise<GoldenCase[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mainline-export-'));
  try {
    writeBundle(join(folder, 'model'), parts);
    const classifier = await load(join(folder, 'model'));
    const predictions = await classifier.classify(texts);
    await classifier.dispose();
    return predictions.map(({ label, scores }, index) => ({ text: texts[index]!, label, scores }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openModel(model: Uint8Array) {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3 });
  return {
    async logits({ size, length, inputIds, attentionMask }: Batch): Promise<Float32Array> {
      const { logits } = await session.run({
        input_ids: new Tensor('int64', inputIds, [size, length]),
        attention_mask: new Tensor('int64', attentionMask, [size, length]),
      });
      return Float32Array.from(logits!.data as Float32Array);
    },
    dispose: () => session.release(),
  };
}

function requireSameParams(params: Params, trained: TrainedParams): void {
  for (const key of ['name', 'dataset', 'labels', 'tokenizer', 'model', 'training'] as const)
    if (JSON.stringify(params[key]) !== JSON.stringify(trained[key]))
      throw new CheckpointError(`params.yaml: ${key} has changed since this model was trained: train again`);
}

function largestDifference(a: number[][], b: number[][]): number {
  return Math.max(
    ...a.flatMap((row, index) => row.map((value, column) => Math.abs(value - b[index]![column]!))),
  );
}

function size(bytes: Uint8Array): string {
  return `${(bytes.length / 1e6).toFixed(2)} MB`;
}
