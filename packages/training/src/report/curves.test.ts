import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../metrics.ts';
import { calibrationError, histogram, movingAverage, reliability, rocCurve } from './curves.ts';

describe('rocCurve', () => {
  it('steps through thresholds, equal scores at once', () => {
    expect(rocCurve([true, false, true, false], [3, 2, 2, 1])).toEqual([
      [0, 0],
      [0, 0.5],
      [0.5, 1],
      [1, 1],
    ]);
  });

  it('has the area that the metrics compute from ranks', () => {
    const cases = fc
      .array(fc.tuple(fc.boolean(), fc.integer({ min: -5, max: 5 })), { minLength: 2 })
      .filter((list) => list.some(([truth]) => truth) && list.some(([truth]) => !truth));
    fc.assert(
      fc.property(cases, (list) => {
        const points = rocCurve(
          list.map(([truth]) => truth),
          list.map(([, score]) => score),
        );
        const area = points
          .slice(1)
          .reduce((sum, [x, y], i) => sum + ((x - points[i]![0]) * (y + points[i]![1])) / 2, 0);
        expect(area).toBeCloseTo(
          evaluate(
            list.map(([truth]) => Number(truth)),
            list.map(([, score]) => [0, score]),
          ).auc,
          10,
        );
      }),
    );
  });
});

describe('reliability', () => {
  it('compares claims with what happened, bin by bin', () => {
    const bins = reliability([true, false, true, true, false], [0.95, 0.9, 1, 0.42, 0.05]);
    expect(bins.map(({ count }) => count)).toEqual([1, 1, 3]);
    expect(bins[2]!.claimed).toBeCloseTo(0.95, 12);
    expect(bins[2]!.observed).toBeCloseTo(2 / 3, 12);
    expect(calibrationError(bins)).toBeCloseTo((0.05 + 0.58 + 3 * (0.95 - 2 / 3)) / 5, 12);
  });

  it('counts every example once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 1 }),
        (list) => {
          const bins = reliability(
            list.map(([event]) => event),
            list.map(([, p]) => p),
          );
          expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(list.length);
          expect(calibrationError(bins)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});

describe('histogram and movingAverage', () => {
  it('counts into equal parts, strays into the outermost', () => {
    expect(histogram([0, 0.9, 1, 3.9, 4, -7, 99], 0, 4, 4)).toEqual([3, 1, 0, 3]);
  });

  it('averages what is there at the start, the window after that', () => {
    expect(movingAverage([2, 4, 6, 8], 2)).toEqual([2, 3, 5, 7]);
  });
});
