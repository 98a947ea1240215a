import type { Tokenizer } from '@mainline/classifier';
import { type EncodedExample, makeBatch, planBatches } from './batches.ts';
import type { Example } from './data/dataset.ts';
import type { Classifying } from './session.ts';

/** What texts are read as: the serving tokenizer's ids, cut at `maxTokens`. */
export function encodeExamples(
  examples: readonly Pick<Example, 'text' | 'label'>[],
  tokenizer: Tokenizer,
  maxTokens: number,
): EncodedExample[] {
  return examples.map(({ text, label }) => ({ ids: tokenizer.encode(text, maxTokens).ids, label }));
}

/** A row of logits for each example, in their order. */
export async function logitsOf(
  model: Classifying,
  examples: readonly EncodedExample[],
  options: { labels: number; padId: number; batchSize: number },
): Promise<number[][]> {
  const { labels, padId, batchSize } = options;
  const rows: number[][] = new Array(examples.length);
  const lengths = examples.map(({ ids }) => ids.length);
  for (const indices of planBatches(lengths, batchSize)) {
    const chosen = indices.map((index) => examples[index]!);
    const logits = await model.logits(makeBatch(chosen, labels, padId));
    for (const [row, index] of indices.entries())
      rows[index] = [...logits.subarray(row * labels, (row + 1) * labels)];
  }
  return rows;
}
