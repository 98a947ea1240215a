import './no-telemetry.ts';
import { Tensor } from 'onnxruntime-node';
import type { Batch } from './batches.ts';
import { type BatchSizes, DropoutMasks } from './dropout.ts';
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
import { lookupsOf } from './lookups.ts';
import { Optimizer } from './optimizer.ts';
import { seeded } from './random.ts';
import { batchFeeds, type Classifying, openSession, runLogits } from './session.ts';

/** A model in memory: it learns from one batch at a time and can be asked in between. */
export interface Engine extends Classifying {
  /** One step of training; returns the batch's loss before it. */
  step(batch: Batch): Promise<number>;
  /** All weights by name; arrays that later steps change. */
  weights(): ReadonlyMap<string, Weight>;
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
  const sizesOf = (batch: number, length: number): BatchSizes => ({
    batch,
    windows: Math.ceil(length / windowTokens),
  });
  const most = sizesOf(plan.batchSize, maxTokens);
  const training = trainingGraph(spec, plan.dropout);
  const options = { spec, plan, steps, mostTokens: most.batch * most.windows * windowTokens };
  const arena = new Arena(Optimizer.sizeBytes(options) + DropoutMasks.sizeBytes(training.masks, most));
  const random = seeded(plan.seed);
  const optimizer = new Optimizer(arena, options, random);
  const masks = new DropoutMasks(arena, training.masks, plan.dropout, most, random);

  const trainer = await openSession(training.model, threads);
  const judge = await openSession(evaluationGraph(spec), threads);
  const weights = tensorsOf(optimizer.weights, (name) => name);
  const gradients = tensorsOf(optimizer.gradients, gradientOf);
  const loss = new Float32Array(1);

  return {
    async step(batch) {
      const sizes = sizesOf(batch.size, batch.length);
      const shape = [batch.size, sizes.windows * windowTokens, hidden] as const;
      const rows = optimizer.rowGradients.subarray(0, shape[0] * shape[1] * shape[2]);
      const lookups = lookupsOf(batch, shape[1], bigramRows);
      optimizer.prepare(lookups);
      const target = new Tensor('float32', batch.target, [batch.size, spec.labels]);
      await trainer.run(
        { ...weights, ...batchFeeds(batch), ...masks.draw(sizes), target },
        {
          ...gradients,
          [rowsGradient]: new Tensor('float32', rows, shape),
          loss: new Tensor('float32', loss, []),
        },
      );
      optimizer.update(lookups);
      return loss[0]!;
    },

    async logits(batch) {
      optimizer.prepare(lookupsOf(batch, batch.length, bigramRows));
      return runLogits(judge, { ...weights, ...batchFeeds(batch) });
    },

    weights() {
      optimizer.sync();
      return optimizer.weights;
    },

    async dispose() {
      await trainer.release();
      await judge.release();
    },
  };
}

/** Tensors over the arrays themselves: what one side writes, the other reads. */
function tensorsOf(
  weights: ReadonlyMap<string, Weight>,
  nameOf: (name: string) => string,
): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, data }] of weights) tensors[nameOf(name)] = new Tensor('float32', data, shape);
  return tensors;
}
