import type { Example } from './data/dataset.ts';

/** A classifier to measure a model against; `predict` returns one logit per label. */
export interface Baseline {
  name: string;
  predict(text: string): number[];
}

// What a text is about it says early; reading on costs time and gains nothing.
const MAX_CHARS = 8000;
const MIN_DOCUMENTS = 2;
const EPOCHS = 10;
const RATE = 0.3;

/** A text's features, each once: which weight, and its value; the values' L2 norm is 1 (or 0 for no known word). */
interface Features {
  indexes: Int32Array;
  values: Float64Array;
}

/**
 * Trains a linear model over TF-IDF of words and word pairs: softmax regression by AdaGrad (Duchi et al. 2011), one
 * example at a time in a fixed order. About a second for 4,000 mails, no randomness, and on text hard to beat.
 */
export function trainBaseline(train: Example[], labels: number): Baseline {
  const documents = train.map(({ text }) => countTerms(text));
  const vectorise = fitVectoriser(documents);
  const rows = documents.map(vectorise.transform);
  const weights = fitWeights(rows, train, labels, vectorise.size);
  return {
    name: 'TF-IDF of words and word pairs, logistic regression',
    predict: (text) => Array.from(logits(weights, vectorise.transform(countTerms(text)), labels)),
  };
}

/** How often each word and each pair of neighbours occurs, by 32-bit hash: a collision costs next to nothing. */
function countTerms(text: string): Map<number, number> {
  const counts = new Map<number, number>();
  let previous = 0;
  for (const [word] of text
    .slice(0, MAX_CHARS)
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    const hash = hashWord(word);
    const pair = Math.imul(previous, 0x9e3779b1) ^ hash;
    counts.set(hash, (counts.get(hash) ?? 0) + 1);
    if (previous !== 0) counts.set(pair, (counts.get(pair) ?? 0) + 1);
    previous = hash;
  }
  return counts;
}

/** FNV-1a over UTF-16 units; never 0, which stands for "no word before". */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash || 1;
}

/** Learns which terms count (in two documents or more) and how much: idf = ln((1 + n) / (1 + df)) + 1, tf = 1 + ln(count). */
function fitVectoriser(documents: Map<number, number>[]): {
  size: number;
  transform: (counts: Map<number, number>) => Features;
} {
  const frequency = new Map<number, number>();
  for (const counts of documents) {
    for (const term of counts.keys()) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  }
  const known = [...frequency].filter(([, df]) => df >= MIN_DOCUMENTS);
  const index = new Map(known.map(([term], i) => [term, i]));
  const idf = Float64Array.from(known, ([, df]) => Math.log((1 + documents.length) / (1 + df)) + 1);
  const transform = (counts: Map<number, number>): Features => {
    const terms = [...counts].filter(([term]) => index.has(term));
    const indexes = Int32Array.from(terms, ([term]) => index.get(term)!);
    const values = Float64Array.from(terms, ([, count], i) => (1 + Math.log(count)) * idf[indexes[i]!]!);
    const norm = Math.hypot(...values) || 1;
    return { indexes, values: values.map((value) => value / norm) };
  };
  return { size: known.length, transform };
}

/** Weights as `weights[label * size + term]`, then one bias per label. */
function fitWeights(rows: Features[], examples: Example[], labels: number, size: number): Float64Array {
  const weights = new Float64Array(labels * (size + 1));
  // AdaGrad's sum of squared gradients; not 0, so that a first gradient of 0 divides by something.
  const squares = new Float64Array(weights.length).fill(1e-8);
  const update = (at: number, gradient: number): void => {
    squares[at]! += gradient * gradient;
    weights[at]! -= (RATE * gradient) / Math.sqrt(squares[at]!);
  };
  const order = scattered(rows.length);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (const i of order) {
      const { indexes, values } = rows[i]!;
      const probabilities = softmax(logits(weights, rows[i]!, labels));
      for (let label = 0; label < labels; label++) {
        const error = probabilities[label]! - (examples[i]!.label === label ? 1 : 0);
        for (let j = 0; j < indexes.length; j++) update(label * size + indexes[j]!, error * values[j]!);
        update(labels * size + label, error);
      }
    }
  }
  return weights;
}

/** 0..n-1 in a fixed order in which neighbours lie far apart: data comes sorted by label (Fibonacci hashing). */
function scattered(n: number): number[] {
  const key = (i: number): number => Math.imul(i + 1, 0x9e3779b1) >>> 0;
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => key(a) - key(b));
}

function softmax(scores: Float64Array): Float64Array {
  const top = Math.max(...scores);
  const exps = scores.map((score) => Math.exp(score - top));
  const total = exps.reduce((a, b) => a + b);
  return exps.map((value) => value / total);
}

function logits(weights: Float64Array, { indexes, values }: Features, labels: number): Float64Array {
  const size = weights.length / labels - 1;
  const scores = weights.slice(labels * size);
  for (let label = 0; label < labels; label++) {
    let score = 0;
    for (let i = 0; i < indexes.length; i++) score += weights[label * size + indexes[i]!]! * values[i]!;
    scores[label]! += score;
  }
  return scores;
}
