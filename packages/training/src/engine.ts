import { Tensor } from 'onnxruntime-node';
import { DenseWeights } from './adamw.ts';
import { type Batch, lowHalves } from './batches.ts';
import { bigramRow } from './encoder.ts';
import {
  evaluationGraph,
  gradientOf,
  type ModelSpec,
  rowsGradient,
  trainingGraph,
  type Weight,
} from './graphs.ts';
import type { TrainingPlan } from './hyperparameters.ts';
import { Arena } from './kernels.ts';
import { denseParameters, initialize, tableParameters } from './parameters.ts';
import { seeded } from './random.ts';
import { Schedule } from './schedule.ts';
import { batchFeeds, type Classifying, openSession, runLogits } from './session.ts';
import { TableWeights } from './table-weights.ts';

/** A model in memory: it learns from one batch at a time and can be asked in between. */
export interface Engine extends Classifying {
  /** One step of training; returns the batch's loss before it. */
  step(batch: Batch): Promise<number>;
  /** All weights by name; arrays that later steps change. */
  weights(): Map<string, Weight>;
  dispose(): Promise<void>;
}

export interface EngineOptions {
  spec: ModelSpec;
  plan: TrainingPlan;
  /** Number of times `step` will be called: the learning rate follows from it. */
  steps: number;
  threads?: number;
}

/** Opens an untrained model. All its numbers lie in one memory that ONNX Runtime and the optimizer share. */
export async function openEngine({ spec, plan, steps, threads }: EngineOptions): Promise<Engine> {
  const { hidden, windowTokens, maxTokens, bigramRows } = spec.shape;
  const mostTokens = plan.batchSize * Math.ceil(maxTokens / windowTokens) * windowTokens;
  const training = trainingGraph(spec, plan.dropout);
  const most = { batch: plan.batchSize, windows: Math.ceil(maxTokens / windowTokens) };
  const maskLengths = training.masks.map(({ shape }) => Math.ceil(count(shape, most) / 8) * 8);
  const maskTotal = maskLengths.reduce((total, length) => total + length, 0);

  const tables = tableParameters(spec.shape, spec.vocabularySize);
  const parameters = denseParameters(spec.shape, spec.labels);
  const arena = new Arena(
    DenseWeights.sizeBytes(parameters) +
      tables.reduce((sum, { shape }) => sum + TableWeights.sizeBytes(shape[0]!, hidden, mostTokens), 0) +
      Arena.sizeBytes(Schedule.tableLength(steps)) +
      Arena.sizeBytes(mostTokens * hidden) +
      Arena.sizeBytes(maskTotal) +
      Arena.sizeBytes(4),
  );
  const schedule = new Schedule(arena, steps, plan);
  const dense = new DenseWeights(arena, parameters);
  const [words, bigrams] = tables.map(
    ({ shape }) => new TableWeights(arena, schedule, shape[0]!, hidden, mostTokens),
  ) as [TableWeights, TableWeights];
  const rowGradients = arena.float32(mostTokens * hidden);
  const masks = arena.float32(maskTotal);
  const maskState = arena.int32(4);

  const random = seeded(plan.seed);
  const weights = new Map<string, Weight>([
    [tables[0]!.name, { shape: tables[0]!.shape, data: words.weights }],
    [tables[1]!.name, { shape: tables[1]!.shape, data: bigrams.weights }],
    ...parameters.map(({ name, shape }) => [name, { shape, data: dense.weight(name) }] as const),
  ]);
  for (const parameter of [...tables, ...parameters])
    initialize(weights.get(parameter.name)!.data, parameter, random);
  maskState.set(Array.from({ length: 4 }, () => 1 + Math.floor(random() * 0x7ffffffe)));

  const trainer = await openSession(training.model, threads);
  const judge = await openSession(evaluationGraph(spec), threads);
  const weightFeeds = Object.fromEntries(
    [...weights].map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]),
  );
  const loss = new Float32Array(1);
  const fetches = {
    loss: new Tensor('float32', loss, []),
    ...Object.fromEntries(
      parameters.map(({ name, shape }) => [
        gradientOf(name),
        new Tensor('float32', dense.gradient(name), shape),
      ]),
    ),
  };
  let step = 0;

  function fillMasks(sizes: Sizes): Record<string, Tensor> {
    const threshold = Math.round(plan.dropout * 2 ** 16);
    let at = 0;
    const feeds = training.masks.map(({ name, shape }) => {
      const length = count(shape, sizes);
      const mask = masks.subarray(at, at + length);
      at += Math.ceil(length / 8) * 8;
      return [
        name,
        new Tensor(
          'float32',
          mask,
          shape.map((size) => count([size], sizes)),
        ),
      ] as const;
    });
    arena.kernels.mask(masks.byteOffset, at * 4, maskState.byteOffset, threshold, 1 / (1 - plan.dropout));
    return Object.fromEntries(feeds);
  }

  return {
    async step(batch) {
      const sizes = { batch: batch.size, windows: Math.ceil(batch.length / windowTokens) };
      const tokens = sizes.windows * windowTokens;
      const lookups = lookupsOf(batch, tokens, bigramRows);
      words.catchUp(lookups.words, step);
      bigrams.catchUp(lookups.bigrams, step);
      step += 1;

      await trainer.run(
        {
          ...weightFeeds,
          ...batchFeeds(batch),
          ...fillMasks(sizes),
          target: new Tensor('float32', batch.target, [batch.size, spec.labels]),
        },
        {
          ...fetches,
          [rowsGradient]: new Tensor('float32', rowGradients.subarray(0, batch.size * tokens * hidden), [
            batch.size,
            tokens,
            hidden,
          ]),
        },
      );

      words.collect(lookups.words, lookups.tokens, rowGradients);
      bigrams.collect(lookups.bigrams, lookups.tokens, rowGradients);
      const norm = Math.sqrt(dense.sumOfSquares() + words.sumOfSquares() + bigrams.sumOfSquares());
      const clip = Math.min(1, plan.clipNorm / (norm + 1e-6));
      dense.update(schedule, step, clip);
      words.update(step, clip);
      bigrams.update(step, clip);
      return loss[0]!;
    },

    async logits(batch) {
      const lookups = lookupsOf(batch, batch.length, bigramRows);
      words.catchUp(lookups.words, step);
      bigrams.catchUp(lookups.bigrams, step);
      return runLogits(judge, { ...weightFeeds, ...batchFeeds(batch) });
    },

    weights() {
      words.sync(step);
      bigrams.sync(step);
      return weights;
    },

    async dispose() {
      await trainer.release();
      await judge.release();
    },
  };
}

/** Names of sizes and what they are in one batch. */
interface Sizes {
  batch: number;
  windows: number;
}

function count(shape: readonly (number | string)[], sizes: Sizes): number {
  return shape
    .flatMap((size) => String(size).split('*'))
    .reduce(
      (product, factor) =>
        product * (factor === 'batch' ? sizes.batch : factor === 'windows' ? sizes.windows : Number(factor)),
      1,
    );
}

/** Which rows a batch reads, and where each one's gradient will be among `tokens` per text; padding gets none. */
function lookupsOf(batch: Batch, tokens: number, bigramRows: number) {
  const total = batch.lengths.reduce((sum, length) => sum + length, 0);
  const words = new Int32Array(total);
  const bigrams = new Int32Array(total);
  const places = new Int32Array(total);
  const ids = lowHalves(batch.inputIds);
  let at = 0;
  for (const [text, length] of batch.lengths.entries()) {
    let previous = 0;
    for (let index = 0; index < length; index++, at++) {
      const id = ids[2 * (text * batch.length + index)]!;
      words[at] = id;
      bigrams[at] = bigramRow(previous, id, bigramRows);
      places[at] = text * tokens + index;
      previous = id;
    }
  }
  return { words, bigrams, tokens: places };
}
