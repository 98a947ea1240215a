import type { Prediction } from './classify.ts';
import { BundleError } from './errors.ts';
import type { Manifest } from './manifest.ts';

/** How predictions were spread when the model was made: reference.json, what live traffic is held against. */
export interface Reference {
  schemaVersion: 1;
  /** A label's share, and for each measure the shares of the bins that its edges part (one more than there are edges). */
  labels: Record<string, number>;
  measures: Record<Measure, { edges: number[]; shares: number[] }>;
}

/** What drift is watched on: texts' lengths in tokens, the share of unknown ones, how sure the model is. */
export type Measure = 'tokens' | 'unknownRate' | 'score';

const measures: Record<Measure, (prediction: Prediction) => number> = {
  tokens: (prediction) => prediction.tokens,
  unknownRate: (prediction) => prediction.unknownTokens / prediction.tokens,
  score: (prediction) => prediction.score,
};

const bins = 10;
const ascending = (a: number, b: number): number => a - b;

/** The reference that these predictions, on texts the model wasn't trained on, set: bins of equal counts. */
export function makeReference(predictions: Prediction[], labels: string[]): Reference {
  const spread = (measure: Measure) => {
    const values = predictions.map(measures[measure]).sort(ascending);
    const quantiles = Array.from(
      { length: bins - 1 },
      (_, i) => values[Math.floor(((i + 1) / bins) * values.length)]!,
    );
    // What many have alike, no unknown token or the model's maximum, is a bin of its own: a move to either side shows.
    const repeated = quantiles.filter((value, i) => value === quantiles[i - 1]).map(justAbove);
    const edges = [...new Set([...quantiles, ...repeated])].sort(ascending);
    return { edges, shares: sharesOf(values, edges) };
  };
  return {
    schemaVersion: 1,
    labels: Object.fromEntries(labels.map((label) => [label, shareOf(predictions, label)])),
    measures: { tokens: spread('tokens'), unknownRate: spread('unknownRate'), score: spread('score') },
  };
}

const justAbove = (value: number): number => value + Number.EPSILON * Math.max(1, Math.abs(value));

/** Reads a parsed reference.json; throws a BundleError on anything else. */
export function parseReference(json: unknown, manifest: Manifest): Reference {
  const fail = (problem: string): never => {
    throw new BundleError(manifest.reference ?? 'reference.json', problem);
  };
  const isShares = (value: unknown): value is number[] =>
    Array.isArray(value) && value.every((share) => typeof share === 'number' && share >= 0 && share <= 1);
  const reference = (json ?? {}) as Partial<Reference>;
  if (reference.schemaVersion !== 1) fail('schemaVersion must be 1');
  const labels = reference.labels ?? {};
  if (!isShares(manifest.labels.map((label) => labels[label])))
    fail('labels must have a share for each label');
  for (const measure of Object.keys(measures) as Measure[]) {
    const { edges, shares } = reference.measures?.[measure] ?? {};
    const areAscending =
      Array.isArray(edges) &&
      edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > edges[i - 1]!));
    if (!areAscending || !isShares(shares) || shares.length !== edges.length + 1)
      fail(`measures.${measure} must have ascending edges and one share more than edges`);
  }
  return json as Reference;
}

/**
 * How far predictions have moved from the reference, for each measure and for the labels: the population stability
 * index, Σ (live − reference) · ln(live / reference). By custom, 0.1 is a shift to look at and 0.25 one to act on.
 */
export function drift(reference: Reference, predictions: Prediction[]): Record<Measure | 'label', number> {
  const moved = (measure: Measure) => {
    const { edges, shares } = reference.measures[measure];
    return stabilityIndex(shares, sharesOf(predictions.map(measures[measure]), edges), predictions.length);
  };
  const labels = Object.keys(reference.labels);
  return {
    tokens: moved('tokens'),
    unknownRate: moved('unknownRate'),
    score: moved('score'),
    label: stabilityIndex(
      labels.map((label) => reference.labels[label]!),
      labels.map((label) => shareOf(predictions, label)),
      predictions.length,
    ),
  };
}

function sharesOf(values: number[], edges: number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    const bin = edges.findIndex((edge) => value < edge);
    counts[bin < 0 ? edges.length : bin]! += 1;
  }
  return counts.map((count) => count / Math.max(1, values.length));
}

const shareOf = (predictions: Prediction[], label: string): number =>
  predictions.filter((prediction) => prediction.label === label).length / Math.max(1, predictions.length);

function stabilityIndex(expected: number[], live: number[], count: number): number {
  // An empty bin would make the logarithm infinite: nothing is rarer than half of one prediction.
  const least = 0.5 / Math.max(1, count);
  return expected.reduce((sum, share, i) => {
    const [a, b] = [Math.max(share, least), Math.max(live[i]!, least)];
    return sum + (b - a) * Math.log(b / a);
  }, 0);
}
