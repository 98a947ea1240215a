import { type Random, shuffled } from './random.ts';

/** A text as the model sees it. */
export interface EncodedExample {
  ids: Int32Array;
  label: number;
}

/** Texts of about equal length side by side, [size, length], padded at the end. */
export interface Batch {
  size: number;
  length: number;
  /** Tokens of each text. */
  lengths: number[];
  inputIds: BigInt64Array;
  attentionMask: BigInt64Array;
  /** One-hot labels, [size, labels]. */
  target: Float32Array;
}

// So many batches' worth of texts are sorted by length together: less padding, still mixed anew each epoch.
const bucketBatches = 32;

/** Indices of each batch. With `random` they differ from call to call; without, they go from short to long. */
export function planBatches(lengths: readonly number[], batchSize: number, random?: Random): number[][] {
  const all = [...lengths.keys()];
  const order = random ? shuffled(all, random) : all;
  const bucketSize = random ? batchSize * bucketBatches : order.length;
  const batches: number[][] = [];
  for (const bucket of slices(order, bucketSize))
    batches.push(
      ...slices(
        bucket.toSorted((a, b) => lengths[a]! - lengths[b]!),
        batchSize,
      ),
    );
  return random ? shuffled(batches, random) : batches;
}

/** Replaces part of the tokens, never the first and the last, so that no single word decides. */
export function dropWords(ids: Int32Array, rate: number, unknownId: number, random: Random): Int32Array {
  return ids.map((id, index) => (index > 0 && index < ids.length - 1 && random() < rate ? unknownId : id));
}

export function makeBatch(examples: readonly EncodedExample[], labels: number, padId: number): Batch {
  const lengths = examples.map(({ ids }) => ids.length);
  const size = examples.length;
  const length = Math.max(...lengths);
  const inputIds = new BigInt64Array(size * length).fill(BigInt(padId));
  const attentionMask = new BigInt64Array(size * length);
  const target = new Float32Array(size * labels);
  const halves = lowHalves(inputIds);
  for (const [row, { ids, label }] of examples.entries()) {
    for (const [index, id] of ids.entries()) halves[2 * (row * length + index)] = id;
    attentionMask.fill(1n, row * length, row * length + ids.length);
    target[row * labels + label] = 1;
  }
  return { size, length, lengths, inputIds, attentionMask, target };
}

/**
 * The int64s' halves, the low one first: a number from 0 to 2³¹-1 is its low half. A bigint for each token of each
 * batch would cost more than everything else here. (Little-endian, as every machine that ONNX Runtime is built for.)
 */
export function lowHalves(numbers: BigInt64Array): Int32Array {
  return new Int32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length);
}

function slices<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
