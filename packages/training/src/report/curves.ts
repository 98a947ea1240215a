/** A point of a curve. */
export type Point = [x: number, y: number];

/** ROC curve from scores of which higher means positive: [false positive rate, true positive rate] from [0, 0] to [1, 1]; equal scores make one step. */
export function rocCurve(isPositive: boolean[], scores: number[]): Point[] {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
  const positives = isPositive.filter(Boolean).length;
  const negatives = isPositive.length - positives;
  const points: Point[] = [[0, 0]];
  let [falseOnes, trueOnes] = [0, 0];
  for (const [rank, i] of order.entries()) {
    if (isPositive[i]) trueOnes++;
    else falseOnes++;
    const next = order[rank + 1];
    if (next !== undefined && scores[next] === scores[i]) continue;
    points.push([falseOnes / Math.max(1, negatives), trueOnes / Math.max(1, positives)]);
  }
  return points;
}

/** One bin of a reliability diagram: what was claimed, what came true, over how many examples. */
export interface ReliabilityBin {
  claimed: number;
  observed: number;
  count: number;
}

/** Groups probabilities into ten bins of equal width and compares each bin's mean with how often the event happened; empty bins are left out. */
export function reliability(happened: boolean[], probabilities: number[]): ReliabilityBin[] {
  const bins = Map.groupBy(probabilities.keys(), (i) => Math.min(9, Math.floor(probabilities[i]! * 10)));
  return [...bins]
    .sort(([a], [b]) => a - b)
    .map(([, members]) => ({
      claimed: mean(members.map((i) => probabilities[i]!)),
      observed: mean(members.map((i) => Number(happened[i]))),
      count: members.length,
    }));
}

/** Expected calibration error: the mean distance of claim and observation, weighted by the bins' counts (Naeini et al. 2015). */
export function calibrationError(bins: ReliabilityBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  return bins.reduce(
    (sum, { claimed, observed, count }) => sum + (count * Math.abs(claimed - observed)) / total,
    0,
  );
}

/** How many values fall in each of `bins` equal parts of [from, to]; what lies outside counts in the outermost part. */
export function histogram(values: number[], from: number, to: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value - from) / (to - from)) * bins);
    counts[Math.min(bins - 1, Math.max(0, bin))]!++;
  }
  return counts;
}

/** Mean of up to `window` values ending at each place. */
export function movingAverage(values: number[], window: number): number[] {
  let sum = 0;
  return values.map((value, i) => {
    sum += value - (values[i - window] ?? 0);
    return sum / Math.min(i + 1, window);
  });
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
