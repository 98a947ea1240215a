import { type Batch, lowHalves } from './batches.ts';
import { bigramRow } from './encoder.ts';

/** Which table rows a batch reads, one entry per token; padding reads none that matter. */
export interface Lookups {
  words: Int32Array;
  bigrams: Int32Array;
  /** Where each token's gradient lies when every text has `paddedLength` of them. */
  places: Int32Array;
}

/** The rows that the graph will look up for this batch. */
export function lookupsOf(batch: Batch, paddedLength: number, bigramRows: number): Lookups {
  const total = batch.lengths.reduce((sum, length) => sum + length, 0);
  const words = new Int32Array(total);
  const bigrams = new Int32Array(total);
  const places = new Int32Array(total);
  const ids = lowHalves(batch.inputIds);
  let at = 0;
  for (const [text, length] of batch.lengths.entries()) {
    let previous = 0;
    for (let index = 0; index < length; index++, at++) {
      const id = ids[2 * (text * batch.length + index)]!;
      words[at] = id;
      bigrams[at] = bigramRow(previous, id, bigramRows);
      places[at] = text * paddedLength + index;
      previous = id;
    }
  }
  return { words, bigrams, places };
}
