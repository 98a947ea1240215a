import { batchByLength } from './batch.ts';
import type { Reference } from './drift.ts';
import { BundleError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import type { Session } from './session.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A loaded model bundle. Calls may overlap. */
export interface Classifier {
  manifest: Manifest;
  /** The bundle's folder: its further files lie there. */
  folder: string;
  /** What live predictions are held against, if the bundle brings it. */
  reference: Reference | undefined;
  /** Predictions in the order of the texts; `observe` is told where the time went. */
  classify(texts: string[], observe?: (timing: Timing) => void): Promise<Prediction[]>;
  /** Frees the model when the running calls are through; later calls fail. */
  dispose(): Promise<void>;
}

/** What the model says of one text. */
export interface Prediction {
  /** The likeliest label. */
  label: string;
  /** Its probability. */
  score: number;
  /** Every label's probability; they add up to one. */
  scores: Record<string, number>;
  /** The end of the text didn't fit into the model's maximum and was not read. */
  truncated: boolean;
  /** Tokens that the model read, the special ones included. */
  tokens: number;
  /** How many of them the vocabulary doesn't have. */
  unknownTokens: number;
}

/** Where a call's time went. */
export interface Timing {
  tokenizeMs: number;
  runMs: number;
}

/** Puts a tokenizer and a model together. */
export function makeClassifier(
  folder: string,
  manifest: Manifest,
  tokenizer: Tokenizer,
  session: Session,
  reference?: Reference,
): Classifier {
  const { labels, maxTokens } = manifest;
  const running = new Set<Promise<unknown>>();
  let disposed: Promise<void> | undefined;

  async function classify(texts: string[], observe?: (timing: Timing) => void): Promise<Prediction[]> {
    const started = performance.now();
    const encoded = texts.map((text) => tokenizer.encode(text, maxTokens));
    const tokenized = performance.now();
    const predictions = new Array<Prediction>(texts.length);
    for (const batch of batchByLength(encoded.map(({ ids }) => ids.length))) {
      const logits = await session.run(batch.map((index) => encoded[index]!.ids));
      for (const [row, index] of batch.entries()) {
        const scores = softmax(logits.subarray(row * labels.length, (row + 1) * labels.length));
        if (!scores.every(Number.isFinite))
          throw new BundleError(manifest.model, 'gives logits that are not numbers', {
            hint: 'Train and export the model again',
          });
        const best = scores.indexOf(Math.max(...scores));
        predictions[index] = {
          label: labels[best]!,
          score: scores[best]!,
          scores: Object.fromEntries(labels.map((label, i) => [label, scores[i]!])),
          truncated: encoded[index]!.truncated,
          tokens: encoded[index]!.ids.length,
          unknownTokens: encoded[index]!.ids.filter((id) => id === tokenizer.unknownId).length,
        };
      }
    }
    observe?.({ tokenizeMs: tokenized - started, runMs: performance.now() - tokenized });
    return predictions;
  }

  return {
    manifest,
    folder,
    reference,
    async classify(texts, observe) {
      if (disposed)
        throw new Error(`${manifest.name} ${manifest.version} was disposed: load the bundle again`);
      const call = classify(texts, observe);
      running.add(call);
      return call.finally(() => running.delete(call));
    },
    dispose() {
      disposed ??= Promise.allSettled(running).then(() => session.release());
      return disposed;
    },
  };
}

function softmax(logits: Float32Array): number[] {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
