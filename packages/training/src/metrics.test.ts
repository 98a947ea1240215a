import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, logOdds } from './metrics.ts';

const logit = fc.double({ min: -20, max: 20, noNaN: true });
/** Binary cases with both labels present; few distinct scores, so that ties are common. */
const binary = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: -4, max: 4 })), {
    minLength: 2,
    maxLength: 40,
  })
  .filter((cases) => new Set(cases.map(([label]) => label)).size === 2);
const rows = (cases: [number, number][]) => cases.map(([, score]) => [0, score]);
const truth = (cases: [number, number][]) => cases.map(([label]) => label);

describe('evaluate', () => {
  it('gives the values computed by hand for a small case', () => {
    // tn 3, fp 1, fn 2, tp 4: MCC = (4·3 - 1·2) / √(5·6·4·5); of 24 pairs three are the wrong way round, one is a tie.
    const labels = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
    const scores = [-3, -2, -1, 2, -1, -0.5, 1, 3, 4, 5].map((score) => [0, score]);
    const metrics = evaluate(labels, scores);
    expect(metrics.confusion).toEqual([
      [3, 1],
      [2, 4],
    ]);
    expect(metrics.accuracy).toBeCloseTo(0.7, 12);
    expect(metrics.mcc).toBeCloseTo(10 / Math.sqrt(600), 12);
    expect(metrics.f1).toBeCloseTo(8 / 11, 12);
    // Below 2: -1, -0.5 and 1. The tie at -1 counts half.
    expect(metrics.auc).toBeCloseTo((24 - 3 - 0.5) / 24, 12);
  });

  it('matches hand-computed R_K, macro F1 and accuracy with three labels', () => {
    // confusion [[2,1,0],[0,1,1],[1,0,2]]: c=5 s=8, truths 3,2,3, predictions 3,2,3.
    const cases: [number, number][] = [
      [0, 0],
      [0, 0],
      [0, 1],
      [1, 1],
      [1, 2],
      [2, 0],
      [2, 2],
      [2, 2],
    ];
    const metrics = evaluate(
      truth(cases),
      cases.map(([, predicted]) => [0, 1, 2].map((k) => (k === predicted ? 1 : 0))),
    );
    expect(metrics.confusion).toEqual([
      [2, 1, 0],
      [0, 1, 1],
      [1, 0, 2],
    ]);
    expect(metrics.accuracy).toBeCloseTo(5 / 8, 12);
    expect(metrics.mcc).toBeCloseTo((5 * 8 - 22) / (64 - 22), 12);
    expect(metrics.f1).toBeCloseTo((4 / 6 + 2 / 4 + 4 / 6) / 3, 12);
  });

  it("agrees with Pearson's correlation of truth and prediction, of which MCC is the binary case", () => {
    fc.assert(
      fc.property(binary, (cases) => {
        const predicted = cases.map(([, score]) => (score > 0 ? 1 : 0));
        expect(evaluate(truth(cases), rows(cases)).mcc).toBeCloseTo(pearson(truth(cases), predicted), 10);
      }),
    );
  });

  it('agrees with counting all pairs for AUC, ties half', () => {
    fc.assert(
      fc.property(binary, (cases) => {
        const scoresOf = (label: number) => cases.filter(([l]) => l === label).map(([, score]) => score);
        const wins = scoresOf(1).flatMap((p) =>
          scoresOf(0).map((n): number => (p > n ? 1 : p === n ? 0.5 : 0)),
        );
        const expected = wins.reduce((a, b) => a + b, 0) / wins.length;
        expect(evaluate(truth(cases), rows(cases)).auc).toBeCloseTo(expected, 10);
      }),
    );
  });

  it('keeps AUC under a monotone transform of the scores, and mirrors it when the scores are negated', () => {
    fc.assert(
      fc.property(binary, (cases) => {
        const auc = (map: (score: number) => number) =>
          evaluate(
            truth(cases),
            cases.map(([, score]) => [0, map(score)]),
          ).auc;
        expect(auc((score) => score ** 3 + 2 * score - 7)).toBeCloseTo(
          auc((score) => score),
          12,
        );
        expect(auc((score) => -score)).toBeCloseTo(1 - auc((score) => score), 12);
      }),
    );
  });

  it('gives the same MCC when the two labels swap names, and when truth and prediction swap', () => {
    fc.assert(
      fc.property(binary, (cases) => {
        const { mcc } = evaluate(truth(cases), rows(cases));
        // No score is exactly 0 here: a tie goes to the first label, which swapping would change.
        const untied = cases.map(([label, score]): [number, number] => [label, score || -1]);
        const swapped = evaluate(
          untied.map(([label]) => 1 - label),
          untied.map(([, score]) => [score, 0]),
        );
        expect(swapped.mcc).toBeCloseTo(mcc, 12);
        const reversed = evaluate(
          cases.map(([, score]) => (score > 0 ? 1 : 0)),
          cases.map(([label]) => [0, label]),
        );
        expect(reversed.mcc).toBeCloseTo(mcc, 12);
      }),
    );
  });

  it('stays within range and its confusion matrix counts every example, whatever the number of labels', () => {
    const manyLabels = fc.integer({ min: 2, max: 5 }).chain((size) =>
      fc.array(fc.tuple(fc.nat(size - 1), fc.array(logit, { minLength: size, maxLength: size })), {
        minLength: 1,
      }),
    );
    fc.assert(
      fc.property(manyLabels, (cases) => {
        const { accuracy, mcc, f1, auc, confusion } = evaluate(
          cases.map(([l]) => l),
          cases.map(([, s]) => s),
        );
        for (const share of [accuracy, f1, auc]) expect(share).toBeGreaterThanOrEqual(0);
        for (const share of [accuracy, f1, auc, Math.abs(mcc)]) expect(share).toBeLessThanOrEqual(1 + 1e-12);
        expect(confusion.flat().reduce((a, b) => a + b)).toBe(cases.length);
      }),
    );
  });

  it('is 0 or one half, never NaN, when one label is all there is', () => {
    expect(
      evaluate(
        [0, 0],
        [
          [1, 0],
          [2, 0],
        ],
      ),
    ).toEqual({
      accuracy: 1,
      mcc: 0,
      f1: 0,
      auc: 0.5,
      confusion: [
        [2, 0],
        [0, 0],
      ],
    });
  });

  it('ranks logits that round to the same probability', () => {
    expect(
      evaluate(
        [0, 1],
        [
          [0, 50],
          [0, 60],
        ],
      ).auc,
    ).toBe(1);
  });

  it('refuses labels and scores of different lengths', () => {
    expect(() => evaluate([0], [])).toThrow('1 labels and 0 rows');
  });
});

describe('logOdds', () => {
  it('is the difference of logits with two labels, and does not overflow', () => {
    expect(logOdds([1, 3], 1)).toBe(2);
    expect(logOdds([1000, 0, 1000], 0)).toBeCloseTo(0, 12);
  });
});

function pearson(a: number[], b: number[]): number {
  const center = (values: number[]) => values.map((v) => v - values.reduce((x, y) => x + y) / values.length);
  const dot = (x: number[], y: number[]) => x.reduce((total, value, i) => total + value * y[i]!, 0);
  const [x, y] = [center(a), center(b)];
  const scale = Math.sqrt(dot(x, x) * dot(y, y));
  return scale < 1e-12 ? 0 : dot(x, y) / scale;
}
