/** Short texts run faster together; past these, a batch only waits on memory (measured on small BERTs, one thread). */
const mostRows = 16;
const mostTokens = 512;

/** Groups texts of these lengths so that neighbours in length, which need little padding, run together: their indices. */
export function batchByLength(lengths: number[]): number[][] {
  if (lengths.length === 1) return [[0]];
  const order = [...lengths.keys()].sort((a, b) => lengths[a]! - lengths[b]!);
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const index of order) {
    // Sorted, so the newest row is the longest and all are padded to it.
    if (
      batch.length === mostRows ||
      (batch.length > 0 && (batch.length + 1) * lengths[index]! > mostTokens)
    ) {
      batches.push(batch);
      batch = [];
    }
    batch.push(index);
  }
  if (batch.length) batches.push(batch);
  return batches;
}
