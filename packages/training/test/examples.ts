import type { EncodedExample } from '../src/batches.ts';
import type { ModelSpec } from '../src/graphs.ts';
import type { TrainingPlan } from '../src/hyperparameters.ts';
import { seeded } from '../src/random.ts';

/** A model small enough to check every number of. */
export const smallSpec: ModelSpec = {
  shape: { layers: 2, hidden: 8, heads: 2, feedForward: 12, maxTokens: 12, windowTokens: 4, bigramRows: 32 },
  vocabularySize: 24,
  labels: 2,
};

export const smallPlan: TrainingPlan = {
  epochs: 1,
  batchSize: 4,
  learningRate: 0.02,
  warmup: 0.1,
  weightDecay: 0.01,
  clipNorm: 1,
  dropout: 0,
  wordDropout: 0,
  seed: 5,
};

/** Texts of many lengths; label 1 where token 9 occurs. */
export function smallExamples(count: number, seed = 1): EncodedExample[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index) => {
    const label = index % 2;
    const ids = Int32Array.from(
      { length: 2 + Math.floor(random() * 10) },
      () => 10 + Math.floor(random() * 14),
    );
    if (label) ids[Math.floor(random() * ids.length)] = 9;
    return { ids, label };
  });
}
