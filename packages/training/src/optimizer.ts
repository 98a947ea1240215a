import { DenseWeights } from './adamw.ts';
import type { ModelSpec, Weight } from './graphs.ts';
import type { TrainingPlan } from './hyperparameters.ts';
import { Arena } from './kernels.ts';
import type { Lookups } from './lookups.ts';
import { denseParameters, initialize, tableParameters } from './parameters.ts';
import type { Random } from './random.ts';
import { Schedule } from './schedule.ts';
import { TableWeights } from './table-weights.ts';

export interface OptimizerOptions {
  spec: ModelSpec;
  plan: TrainingPlan;
  /** How many steps there will be. */
  steps: number;
  /** The most tokens of a batch, padding included. */
  mostTokens: number;
}

/** All weights of a model, their gradients and AdamW's moments. */
export class Optimizer {
  /** Every weight; a table's rows may be behind until `prepare` or `sync`. */
  readonly weights: ReadonlyMap<string, Weight>;
  /** Where the graph writes the dense parameters' gradients. */
  readonly gradients: ReadonlyMap<string, Weight>;
  /** Where the graph writes the gradients of looked-up rows, one after the other. */
  readonly rowGradients: Float32Array;
  readonly #schedule: Schedule;
  readonly #clipNorm: number;
  readonly #dense: DenseWeights;
  readonly #words: TableWeights;
  readonly #bigrams: TableWeights;
  #step = 0;

  constructor(arena: Arena, options: OptimizerOptions, random: Random) {
    const { spec, plan, steps, mostTokens } = options;
    const [word, bigram] = tableParameters(spec.shape, spec.vocabularySize);
    const parameters = denseParameters(spec.shape, spec.labels);
    const { hidden } = spec.shape;
    this.#clipNorm = plan.clipNorm;
    this.#schedule = new Schedule(arena, steps, plan);
    this.#dense = new DenseWeights(arena, parameters);
    this.#words = new TableWeights(arena, this.#schedule, word.shape[0]!, hidden, mostTokens);
    this.#bigrams = new TableWeights(arena, this.#schedule, bigram.shape[0]!, hidden, mostTokens);
    this.rowGradients = arena.float32(mostTokens * hidden);
    this.weights = new Map<string, Weight>([
      [word.name, { shape: word.shape, data: this.#words.weights }],
      [bigram.name, { shape: bigram.shape, data: this.#bigrams.weights }],
      ...parameters.map(({ name, shape }) => [name, { shape, data: this.#dense.weight(name) }] as const),
    ]);
    this.gradients = new Map(
      parameters.map(({ name, shape }) => [name, { shape, data: this.#dense.gradient(name) }]),
    );
    for (const parameter of [word, bigram, ...parameters])
      initialize(this.weights.get(parameter.name)!.data, parameter, random);
  }

  static sizeBytes({ spec, steps, mostTokens }: OptimizerOptions): number {
    const { hidden } = spec.shape;
    const tables = tableParameters(spec.shape, spec.vocabularySize).map(({ shape }) =>
      TableWeights.sizeBytes(shape[0]!, hidden, mostTokens),
    );
    return (
      tables.reduce((total, sizeBytes) => total + sizeBytes, 0) +
      DenseWeights.sizeBytes(denseParameters(spec.shape, spec.labels)) +
      Arena.sizeBytes(Schedule.tableLength(steps)) +
      Arena.sizeBytes(mostTokens * hidden)
    );
  }

  /** Makes the rows that are about to be read current. */
  prepare({ words, bigrams }: Lookups): void {
    this.#words.catchUp(words, this.#step);
    this.#bigrams.catchUp(bigrams, this.#step);
  }

  /** Takes one step by the gradients that the graph has written, scaled down to the clip norm where they exceed it. */
  update({ words, bigrams, places }: Lookups): void {
    this.#words.collect(words, places, this.rowGradients);
    this.#bigrams.collect(bigrams, places, this.rowGradients);
    const squares = this.#dense.sumOfSquares() + this.#words.sumOfSquares() + this.#bigrams.sumOfSquares();
    const clip = Math.min(1, this.#clipNorm / (Math.sqrt(squares) + 1e-6));
    this.#step += 1;
    this.#dense.update(this.#schedule, this.#step, clip);
    this.#words.update(this.#step, clip);
    this.#bigrams.update(this.#step, clip);
  }

  /** Makes every row current. */
  sync(): void {
    this.#words.sync(this.#step);
    this.#bigrams.sync(this.#step);
  }
}
