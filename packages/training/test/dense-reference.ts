import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Batch } from '../src/batches.ts';
import { bigramRow } from '../src/encoder.ts';
import { allParameters, gradientOf, rowsGradient, trainingGraph, type Weight } from '../src/graphs.ts';
import type { TrainingPlan } from '../src/hyperparameters.ts';
import { learningRate } from '../src/schedule.ts';
import { smallSpec } from './examples.ts';

type Results = Awaited<ReturnType<InferenceSession['run']>>;

/** What the training graph reads when nothing is dropped. */
export function trainingFeeds(weights: ReadonlyMap<string, Weight>, batch: Batch): Record<string, Tensor> {
  const feeds = [...weights].map(([name, { shape, data }]) => [name, new Tensor('float32', data, shape)]);
  return {
    ...Object.fromEntries(feeds),
    input_ids: new Tensor('int64', batch.inputIds, [batch.size, batch.length]),
    attention_mask: new Tensor('int64', batch.attentionMask, [batch.size, batch.length]),
    target: new Tensor('float32', batch.target, [batch.size, 2]),
  };
}

/** Every parameter's gradient as a whole array: a table's is that of its looked-up rows, added up per row. */
export function denseGradients(results: Results, batch: Batch): Map<string, Float64Array> {
  const gradients = new Map(
    allParameters(smallSpec).map(({ name, shape }) => {
      const known = results[gradientOf(name)]?.data as Float32Array | undefined;
      return [name, Float64Array.from(known ?? new Float32Array(shape[0]! * shape[1]!))];
    }),
  );
  const { dims, data } = results[rowsGradient]!;
  const [padded, hidden] = [dims[1]!, dims[2]!];
  for (let text = 0; text < batch.size; text++)
    for (let index = 0; index < batch.length; index++) {
      const id = Number(batch.inputIds[text * batch.length + index]);
      const previous = index ? Number(batch.inputIds[text * batch.length + index - 1]) : 0;
      const rows = { word: id, bigram: bigramRow(previous, id, smallSpec.shape.bigramRows) };
      for (let unit = 0; unit < hidden; unit++) {
        const value = Number(data[(text * padded + index) * hidden + unit]);
        gradients.get('embedding.word')![rows.word * hidden + unit]! += value;
        gradients.get('embedding.bigram')![rows.bigram * hidden + unit]! += value;
      }
    }
  return gradients;
}

/** Training as the textbook has it: dense gradients, clipped, and AdamW in float64 over every number. */
export async function denseReference(plan: TrainingPlan, steps: number, start: ReadonlyMap<string, Weight>) {
  const session = await InferenceSession.create(trainingGraph(smallSpec, 0).model, { logSeverityLevel: 3 });
  const weights = new Map([...start].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
  const exact = new Map([...weights].map(([name, { data }]) => [name, Float64Array.from(data)]));
  const moments = new Map(
    [...exact].map(([name, { length }]) => [
      name,
      [new Float64Array(length), new Float64Array(length)] as const,
    ]),
  );
  let step = 0;
  return {
    weights,
    async step(batch: Batch): Promise<number> {
      step += 1;
      const results = await session.run(trainingFeeds(weights, batch));
      const gradients = denseGradients(results, batch);
      const norm = Math.sqrt(
        [...gradients.values()].reduce((sum, values) => sum + values.reduce((s, x) => s + x * x, 0), 0),
      );
      const clip = Math.min(1, plan.clipNorm / (norm + 1e-6));
      const rate = learningRate(step, steps, plan);
      for (const { name, decays } of allParameters(smallSpec)) {
        const [mean, square] = moments.get(name)!;
        const values = exact.get(name)!;
        for (const [at, raw] of gradients.get(name)!.entries()) {
          const gradient = raw * clip;
          mean[at] = 0.9 * mean[at]! + 0.1 * gradient;
          square[at] = 0.999 * square[at]! + 0.001 * gradient ** 2;
          const direction =
            mean[at]! / (1 - 0.9 ** step) / (Math.sqrt(square[at]! / (1 - 0.999 ** step)) + 1e-8);
          values[at]! -= rate * (direction + (decays ? plan.weightDecay * values[at]! : 0));
        }
        weights.get(name)!.data.set(values);
      }
      return Number(results.loss!.data[0]);
    },
  };
}
