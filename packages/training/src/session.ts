import './no-telemetry.ts';
import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Batch } from './batches.ts';

/** What can be asked for logits, [size, labels]: a model in training or an exported one. */
export interface Classifying {
  logits(batch: Batch): Promise<Float32Array>;
}

/** Opens a graph on the CPU; all cores unless `threads` says otherwise. */
export function openSession(model: Uint8Array, threads = availableParallelism()): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Errors only: its warnings are about how we might tune, never about results.
    logSeverityLevel: 3,
  });
}

/** The inputs that every graph of ours reads. */
export function batchFeeds({ size, length, inputIds, attentionMask }: Batch): Record<string, Tensor> {
  return {
    input_ids: new Tensor('int64', inputIds, [size, length]),
    attention_mask: new Tensor('int64', attentionMask, [size, length]),
  };
}

/** Runs a graph for its logits; the result is the caller's to keep. */
export async function runLogits(
  session: InferenceSession,
  feeds: Record<string, Tensor>,
): Promise<Float32Array> {
  const { logits } = await session.run(feeds, ['logits']);
  if (!(logits?.data instanceof Float32Array)) throw new TypeError('the graph gives no float32 logits');
  return logits.data.slice();
}
