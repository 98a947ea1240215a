import type { TrainingPlan } from './hyperparameters.ts';
import type { Arena } from './kernels.ts';

/** The learning rate of a step (1 is the first): linear up to the peak, then linear down to almost 0 at the last. */
export function learningRate(step: number, steps: number, plan: TrainingPlan): number {
  const warmupSteps = Math.round(plan.warmup * steps);
  if (step <= warmupSteps) return (plan.learningRate * step) / warmupSteps;
  return (plan.learningRate * (steps - step + 1)) / Math.max(1, steps - warmupSteps);
}

/** What AdamW multiplies by at one step; kernels.wat says what each is for. */
export interface StepFactors {
  rate: number;
  keep: number;
  correction: number;
}

/** The factors of every step, for the optimizer to take and to replay. */
export class Schedule {
  readonly steps: number;
  /** {rate, keep, correction} of step 1, 2, … from index 3 on, as the replay kernel reads them. */
  readonly table: Float32Array;
  readonly #keepProducts: Float64Array;

  constructor(arena: Arena, steps: number, plan: TrainingPlan) {
    this.steps = steps;
    this.table = arena.float32(Schedule.tableLength(steps));
    this.#keepProducts = new Float64Array(steps + 1).fill(1);
    for (let step = 1; step <= steps; step++) {
      const rate = learningRate(step, steps, plan);
      const keep = 1 - rate * plan.weightDecay;
      this.table.set([rate / (1 - 0.9 ** step), keep, 1 / Math.sqrt(1 - 0.999 ** step)], 3 * step);
      this.#keepProducts[step] = this.#keepProducts[step - 1]! * keep;
    }
  }

  static tableLength(steps: number): number {
    return 3 * (steps + 1);
  }

  at(step: number): StepFactors {
    const [rate, keep, correction] = this.table.subarray(3 * step, 3 * step + 3);
    if (step < 1 || rate === undefined || keep === undefined || correction === undefined)
      throw new RangeError(`step ${step} is not one of the ${this.steps} planned`);
    return { rate, keep, correction };
  }

  /** The product of `keep` over the steps after `from` up to `to`. */
  keepBetween(from: number, to: number): number {
    return this.#keepProducts[to]! / this.#keepProducts[from]!;
  }
}
