import { Arena, type Kernels } from './kernels.ts';
import { lengthOf, type Parameter } from './parameters.ts';
import type { Schedule } from './schedule.ts';

const float = Float32Array.BYTES_PER_ELEMENT;

/** Parameters that get a whole gradient at every step, in four flat arrays: one kernel call updates many. */
export class DenseWeights {
  readonly gradients: Float32Array;
  readonly #weights: Float32Array;
  readonly #means: Float32Array;
  readonly #squares: Float32Array;
  readonly #kernels: Kernels;
  readonly #offsets = new Map<string, { start: number; end: number }>();
  readonly #decaying: number;

  /** `parameters` that decay come first. */
  constructor(arena: Arena, parameters: readonly Parameter[]) {
    let total = 0;
    let decaying = 0;
    for (const parameter of parameters) {
      this.#offsets.set(parameter.name, { start: total, end: total + lengthOf(parameter) });
      total += padded(lengthOf(parameter));
      if (parameter.decays) decaying = total;
    }
    this.#decaying = decaying;
    this.#kernels = arena.kernels;
    this.#weights = arena.float32(total);
    this.gradients = arena.float32(total);
    this.#means = arena.float32(total);
    this.#squares = arena.float32(total);
  }

  static sizeBytes(parameters: readonly Parameter[]): number {
    return 4 * Arena.sizeBytes(parameters.reduce((total, item) => total + padded(lengthOf(item)), 0));
  }

  weight(name: string): Float32Array {
    const { start, end } = this.#offset(name);
    return this.#weights.subarray(start, end);
  }

  gradient(name: string): Float32Array {
    const { start, end } = this.#offset(name);
    return this.gradients.subarray(start, end);
  }

  sumOfSquares(): number {
    return this.#kernels.sumOfSquares(this.gradients.byteOffset, this.gradients.byteLength);
  }

  /** One step of AdamW with the gradients times `clip`. */
  update(schedule: Schedule, step: number, clip: number): void {
    const { rate, keep, correction } = schedule.at(step);
    const total = this.#weights.length;
    for (const [from, to, kept] of [
      [0, this.#decaying, keep],
      [this.#decaying, total, 1],
    ] as const)
      this.#kernels.adamw(
        this.#weights.byteOffset + from * float,
        this.gradients.byteOffset + from * float,
        this.#means.byteOffset + from * float,
        this.#squares.byteOffset + from * float,
        (to - from) * float,
        rate,
        kept,
        correction,
        clip,
      );
  }

  #offset(name: string): { start: number; end: number } {
    const offset = this.#offsets.get(name);
    if (!offset) throw new RangeError(`there is no parameter called ${name}`);
    return offset;
  }
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
