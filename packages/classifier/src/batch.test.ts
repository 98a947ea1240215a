import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batchByLength } from './batch.ts';

it('puts every text into one batch, and pads little', () => {
  const lengths = fc.array(fc.integer({ min: 2, max: 2000 }), { maxLength: 200 });
  fc.assert(
    fc.property(lengths, (lengths) => {
      const batches = batchByLength(lengths);
      expect(batches.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
      for (const batch of batches) {
        const longest = Math.max(...batch.map((index) => lengths[index]!));
        expect(batch.length).toBeLessThanOrEqual(16);
        if (batch.length > 1) expect(batch.length * longest).toBeLessThanOrEqual(512);
      }
      const ends = batches.map((batch) => batch.map((index) => lengths[index]!));
      expect(ends.flat()).toEqual(lengths.toSorted((a, b) => a - b));
    }),
  );
});
