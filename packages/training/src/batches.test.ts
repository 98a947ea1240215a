import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dropWords, makeBatch, planBatches } from './batches.ts';
import { seeded } from './random.ts';

const lengths = fc.array(fc.integer({ min: 2, max: 512 }), { maxLength: 300 });

describe('planBatches', () => {
  it('uses every text once, whatever the lengths', () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 40 }), fc.boolean(), (all, size, mixed) => {
        const batches = planBatches(all, size, mixed ? seeded(1) : undefined);
        expect(batches.flat().sort((a, b) => a - b)).toEqual([...all.keys()]);
        expect(batches.every((batch) => batch.length > 0 && batch.length <= size)).toBe(true);
      }),
    );
  });

  it('puts equal lengths together, and mixes anew with each call', () => {
    const all = Array.from({ length: 200 }, (_, index) => (index % 2 ? 10 : 500));
    const random = seeded(1);
    const [first, second] = [planBatches(all, 10, random), planBatches(all, 10, random)];
    expect(first.every((batch) => new Set(batch.map((index) => all[index])).size === 1)).toBe(true);
    expect(second).not.toEqual(first);
    expect(planBatches(all, 10, seeded(1))).toEqual(first);
  });
});

describe('makeBatch', () => {
  it('pads at the end, masks the padding and marks the labels', () => {
    const batch = makeBatch(
      [
        { ids: Int32Array.of(2, 7, 3), label: 1 },
        { ids: Int32Array.of(2, 3), label: 0 },
      ],
      2,
      9,
    );
    expect(batch).toEqual({
      size: 2,
      length: 3,
      lengths: [3, 2],
      inputIds: BigInt64Array.of(2n, 7n, 3n, 2n, 3n, 9n),
      attentionMask: BigInt64Array.of(1n, 1n, 1n, 1n, 1n, 0n),
      target: Float32Array.of(0, 1, 1, 0),
    });
  });
});

describe('dropWords', () => {
  it('leaves the first and the last token, and the rest about as often as asked', () => {
    const ids = new Int32Array(10_002).fill(5);
    const dropped = dropWords(ids, 0.1, 1, seeded(1));
    expect([dropped[0], dropped.at(-1)]).toEqual([5, 5]);
    expect(dropped.filter((id) => id === 1).length / 10_000).toBeCloseTo(0.1, 1);
    expect(dropWords(ids, 0, 1, seeded(1))).toEqual(ids);
  });
});
