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
  /** Makes a quick start a whole one, now; rejects with a BundleError if ONNX Runtime can't be started. */
  complete(): Promise<void>;
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

type Encoded = ReturnType<Tokenizer['encode']>;

/** Puts a tokenizer and a model together. */
export function makeClassifier(
  folder: string,
  manifest: Manifest,
  tokenizer: Tokenizer,
  session: Session,
  reference?: Reference,
): Classifier {
  const { labels, maxTokens } = manifest;
  const noScores = Object.fromEntries(labels.map((label) => [label, 0]));
  let running = 0;
  let idle: (() => void) | undefined;
  let disposed: Promise<void> | undefined;

  /** Does work on the session, which is there until the work is done. */
  async function use<T>(work: () => Promise<T>): Promise<T> {
    if (disposed) throw new Error(`${manifest.name} ${manifest.version} was disposed: load the bundle again`);
    running++;
    try {
      return await work();
    } finally {
      running--;
      if (!running) idle?.();
    }
  }

  async function classify(texts: string[], observe?: (timing: Timing) => void): Promise<Prediction[]> {
    const started = performance.now();
    const encoded = texts.map((text) => tokenizer.encode(text, maxTokens));
    const tokenized = performance.now();
    const predictions = new Array<Prediction>(texts.length);
    for (const batch of batchByLength(encoded.map(({ ids }) => ids.length))) {
      const logits = await session.run(batch.map((index) => encoded[index]!.ids));
      for (const [row, index] of batch.entries())
        predictions[index] = predictionOf(encoded[index]!, logits, row * labels.length);
    }
    observe?.({ tokenizeMs: tokenized - started, runMs: performance.now() - tokenized });
    return predictions;
  }

  function predictionOf({ ids, truncated }: Encoded, logits: Float32Array, at: number): Prediction {
    let best = 0;
    for (let i = 1; i < labels.length; i++) if (logits[at + i]! > logits[at + best]!) best = i;
    let sum = 0;
    for (let i = 0; i < labels.length; i++) sum += Math.exp(logits[at + i]! - logits[at + best]!);
    if (!Number.isFinite(sum))
      throw new BundleError(manifest.model, 'gives logits that are not numbers', {
        hint: 'Train and export the model again',
      });
    const scores = { ...noScores };
    for (let i = 0; i < labels.length; i++)
      scores[labels[i]!] = Math.exp(logits[at + i]! - logits[at + best]!) / sum;
    let unknownTokens = 0;
    for (let i = 0; i < ids.length; i++) if (ids[i] === tokenizer.unknownId) unknownTokens++;
    return { label: labels[best]!, score: 1 / sum, scores, truncated, tokens: ids.length, unknownTokens };
  }

  return {
    manifest,
    folder,
    reference,
    classify: (texts, observe) => use(() => classify(texts, observe)),
    complete: () => use(async () => session.complete?.()),
    dispose() {
      disposed ??= lastCall().then(() => session.release());
      return disposed;
    },
  };

  function lastCall(): Promise<void> {
    return running ? new Promise((resolve) => (idle = resolve)) : Promise.resolve();
  }
}
