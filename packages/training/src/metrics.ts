/** How good a classifier is on held-out examples. */
export interface Metrics {
  /** Part of the examples whose highest score is the right label's. */
  accuracy: number;
  /** Matthews correlation; with more than two labels its generalisation R_K (Gorodkin 2004). 0 when undefined. */
  mcc: number;
  /** Of the second label; with more than two labels the mean over labels. 0 when undefined. */
  f1: number;
  /** Area under the ROC curve, ties counted half; with more than two labels the mean of one against the rest. 0.5 when undefined. */
  auc: number;
  /** `confusion[truth][predicted]`: with two labels [[tn, fp], [fn, tp]]. */
  confusion: number[][];
}

/**
 * Judges scores against the truth. `labels[i]` is the true label's index, `scores[i]` holds one logit per label
 * (anything that differs from log-probabilities by a constant per row). On a tie the first label is predicted.
 */
export function evaluate(labels: ArrayLike<number>, scores: ArrayLike<number>[]): Metrics {
  if (labels.length !== scores.length || scores.length === 0) {
    throw new RangeError(
      `${labels.length} labels and ${scores.length} rows of scores: need one for each, and at least one`,
    );
  }
  const confusion = confusionMatrix(labels, scores);
  const hits = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
  // With two labels only the second one counts, so that F1 is what is usually meant by it.
  const counted = confusion.length === 2 ? [1] : confusion.map((_, label) => label);
  return {
    accuracy: hits / scores.length,
    mcc: correlation(confusion),
    f1: mean(counted.map((label) => f1Of(confusion, label))),
    auc: mean(counted.map((label) => areaUnderRoc(labels, scores, label))),
    confusion,
  };
}

/** The index of the highest score, the first one on a tie. */
export function argmax(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/** Log-odds of one label against all others: s_k - log Σ_{j≠k} exp(s_j). Keeps apart what a probability rounds to 1. */
export function logOdds(scores: ArrayLike<number>, label: number): number {
  const others = Array.from(scores).filter((_, i) => i !== label);
  const top = Math.max(...others);
  return scores[label]! - top - Math.log(others.reduce((sum, score) => sum + Math.exp(score - top), 0));
}

function confusionMatrix(labels: ArrayLike<number>, scores: ArrayLike<number>[]): number[][] {
  const size = scores[0]!.length;
  const confusion = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (const [i, row] of scores.entries()) confusion[labels[i]!]![argmax(row)]!++;
  return confusion;
}

function correlation(confusion: number[][]): number {
  const truths = confusion.map(sum);
  const predictions = confusion.map((_, label) => sum(confusion.map((row) => row[label]!)));
  const hits = sum(confusion.map((row, label) => row[label]!));
  const total = sum(truths);
  const dot = (a: number[], b: number[]) => sum(a.map((value, i) => value * b[i]!));
  const spread = (counts: number[]) => total * total - dot(counts, counts);
  const denominator = Math.sqrt(spread(truths)) * Math.sqrt(spread(predictions));
  return denominator === 0 ? 0 : (hits * total - dot(truths, predictions)) / denominator;
}

function f1Of(confusion: number[][], label: number): number {
  const both = sum(confusion[label]!) + sum(confusion.map((row) => row[label]!));
  return both === 0 ? 0 : (2 * confusion[label]![label]!) / both;
}

/** The Mann–Whitney U statistic over ranks, in which equal scores share their mean rank. */
function areaUnderRoc(labels: ArrayLike<number>, scores: ArrayLike<number>[], label: number): number {
  const odds = Float64Array.from(scores, (row) => logOdds(row, label));
  const order = Array.from(odds.keys()).sort((a, b) => odds[a]! - odds[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && odds[order[end]!] === odds[order[start]!]) end++;
    const meanRank = (start + 1 + end) / 2;
    for (const i of order.slice(start, end)) {
      if (labels[i] !== label) continue;
      positives++;
      rankSum += meanRank;
    }
    start = end;
  }
  const pairs = positives * (order.length - positives);
  return pairs === 0 ? 0.5 : (rankSum - (positives * (positives + 1)) / 2) / pairs;
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]): number => sum(values) / values.length;
