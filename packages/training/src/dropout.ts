import './no-telemetry.ts';
import type { Dimension } from '@mainline/onnx-graph';
import { Tensor } from 'onnxruntime-node';
import { Arena } from './kernels.ts';
import type { Random } from './random.ts';

/** The sizes a graph leaves open, and what they are in one batch. */
export interface BatchSizes {
  batch: number;
  windows: number;
}

type Site = { name: string; shape: readonly Dimension[] };

/**
 * Masks for a graph's dropout inputs, drawn anew for each batch: 0 or 1 / (1 - rate). Ours and not ONNX's Dropout,
 * because then the random numbers are ours too: the same seed drops the same.
 */
export class DropoutMasks {
  readonly #sites: readonly Site[];
  readonly #rate: number;
  readonly #masks: Float32Array;
  readonly #state: Int32Array;
  readonly #arena: Arena;

  constructor(arena: Arena, sites: readonly Site[], rate: number, most: BatchSizes, random: Random) {
    this.#arena = arena;
    this.#sites = sites;
    this.#rate = rate;
    this.#masks = arena.float32(totalLength(sites, most));
    this.#state = arena.int32(4);
    for (let lane = 0; lane < 4; lane++) this.#state[lane] = 1 + Math.floor(random() * 0x7ffffffe);
  }

  static sizeBytes(sites: readonly Site[], most: BatchSizes): number {
    return Arena.sizeBytes(totalLength(sites, most)) + Arena.sizeBytes(4);
  }

  /** A fresh mask for every site; the next call writes over them. */
  draw(sizes: BatchSizes): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    let at = 0;
    for (const { name, shape } of this.#sites) {
      const length = count(shape, sizes);
      const dims = shape.map((size) => count([size], sizes));
      feeds[name] = new Tensor('float32', this.#masks.subarray(at, at + length), dims);
      at += padded(length);
    }
    this.#arena.kernels.mask(
      this.#masks.byteOffset,
      at * Float32Array.BYTES_PER_ELEMENT,
      this.#state.byteOffset,
      Math.round(this.#rate * 2 ** 16),
      1 / (1 - this.#rate),
    );
    return feeds;
  }
}

function totalLength(sites: readonly Site[], sizes: BatchSizes): number {
  return sites.reduce((total, { shape }) => total + padded(count(shape, sizes)), 0);
}

// The kernel fills eight elements at a time.
function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function count(shape: readonly Dimension[], { batch, windows }: BatchSizes): number {
  const named: Record<string, number> = { batch, windows };
  const factors = shape.flatMap((size) => String(size).split('*'));
  return factors.reduce((product, factor) => product * (named[factor] ?? Number(factor)), 1);
}
