import { Arena, type Kernels } from './kernels.ts';
import type { Schedule } from './schedule.ts';

const float = Float32Array.BYTES_PER_ELEMENT;
// 0.9¹²⁸ is 1e-6: after so many steps without a gradient the running mean moves a weight by less than float32 shows.
const replayedSteps = 128;

/**
 * A table of which a batch touches few rows. The others' steps are put off: before a row is read, the steps with a
 * zero gradient that it missed (decay of its moments, drift, weight decay) are replayed. So it equals dense AdamW to
 * rounding, at the cost of the touched rows; it is not SparseAdam, which leaves those steps out.
 */
export class TableWeights {
  readonly weights: Float32Array;
  readonly #means: Float32Array;
  readonly #squares: Float32Array;
  readonly #width: number;
  readonly #kernels: Kernels;
  readonly #schedule: Schedule;
  /** The step each row is up to date with; 0 if it never had a gradient and no step was replayed. */
  readonly #current: Int32Array;
  readonly #everTouched: Uint8Array;
  /** Gradients of the rows in `#touched`, summed over their tokens. */
  readonly #sums: Float32Array;
  readonly #slots: Int32Array;
  /** Of each lookup: its row's place in `#sums`, and its gradient's place. */
  readonly #lookupSlots: Int32Array;
  readonly #lookupTokens: Int32Array;
  #touched: number[] = [];

  /** `mostTokens` is the largest number of lookups between two updates. */
  constructor(arena: Arena, schedule: Schedule, rows: number, width: number, mostTokens: number) {
    this.#kernels = arena.kernels;
    this.#schedule = schedule;
    this.#width = width;
    this.weights = arena.float32(rows * width);
    this.#means = arena.float32(rows * width);
    this.#squares = arena.float32(rows * width);
    this.#sums = arena.float32(Math.min(rows, mostTokens) * width);
    this.#lookupSlots = arena.int32(mostTokens);
    this.#lookupTokens = arena.int32(mostTokens);
    this.#current = new Int32Array(rows);
    this.#everTouched = new Uint8Array(rows);
    this.#slots = new Int32Array(rows).fill(-1);
  }

  static sizeBytes(rows: number, width: number, mostTokens: number): number {
    return (
      3 * Arena.sizeBytes(rows * width) +
      Arena.sizeBytes(Math.min(rows, mostTokens) * width) +
      2 * Arena.sizeBytes(mostTokens)
    );
  }

  /** Makes these rows what dense AdamW would have made of them by `step`. */
  catchUp(rows: Iterable<number>, step: number): void {
    for (const row of rows) if (this.#current[row]! < step) this.#replay(row, step);
  }

  /** Makes every row current: before the table is saved, or read as a whole. */
  sync(step: number): void {
    this.catchUp(this.#current.keys(), step);
  }

  /** Adds up what each looked-up row is to be moved by; `tokens[i]` is the place of lookup i in `gradients`. */
  collect(rows: Int32Array, tokens: Int32Array, gradients: Float32Array): void {
    for (const [lookup, row] of rows.entries()) {
      if (this.#slots[row]! < 0) {
        this.#slots[row] = this.#touched.length;
        this.#touched.push(row);
      }
      this.#lookupSlots[lookup] = this.#slots[row]!;
    }
    this.#lookupTokens.set(tokens);
    this.#sums.fill(0, 0, this.#touched.length * this.#width);
    this.#kernels.addRows(
      this.#sums.byteOffset,
      gradients.byteOffset,
      this.#lookupSlots.byteOffset,
      this.#lookupTokens.byteOffset,
      rows.length,
      this.#width * float,
    );
  }

  /** Of the collected gradients. */
  sumOfSquares(): number {
    return this.#kernels.sumOfSquares(this.#sums.byteOffset, this.#touched.length * this.#width * float);
  }

  /** One step of AdamW on the touched rows, which must be current up to `step` - 1. */
  update(step: number, clip: number): void {
    const { rate, keep, correction } = this.#schedule.at(step);
    const size = this.#width * float;
    for (const [slot, row] of this.#touched.entries()) {
      const at = row * size;
      this.#kernels.adamw(
        this.weights.byteOffset + at,
        this.#sums.byteOffset + slot * size,
        this.#means.byteOffset + at,
        this.#squares.byteOffset + at,
        size,
        rate,
        keep,
        correction,
        clip,
      );
      this.#slots[row] = -1;
      this.#current[row] = step;
      this.#everTouched[row] = 1;
    }
    this.#touched = [];
  }

  #replay(row: number, step: number): void {
    const from = this.#current[row]!;
    const replayed = this.#everTouched[row] ? Math.min(step - from, replayedSteps) : 0;
    const at = row * this.#width;
    if (replayed)
      this.#kernels.replay(
        this.weights.byteOffset + at * float,
        this.#means.byteOffset + at * float,
        this.#squares.byteOffset + at * float,
        this.#width * float,
        this.#schedule.table.byteOffset + 3 * (from + 1) * float,
        this.#schedule.table.byteOffset + 3 * (from + 1 + replayed) * float,
      );
    // What is left is weight decay alone.
    const rest = step - from - replayed;
    if (rest > 0) {
      const keep = this.#schedule.keepBetween(from + replayed, step);
      for (let index = at; index < at + this.#width; index++) {
        this.weights[index]! *= keep;
        this.#means[index] = 0;
        this.#squares[index]! *= 0.999 ** rest;
      }
    }
    this.#current[row] = step;
  }
}
