import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatStamp, parseStamp } from './stamp.ts';

it('reads back what it wrote, and fits Lambda’s 256 characters', () => {
  const word = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(
      fc.record(
        {
          commit: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 7, maxLength: 40 }),
          model: word,
          digest: word.map((hex) => `sha256:${hex}`),
        },
        { requiredKeys: [] },
      ),
      (stamp) => {
        expect(parseStamp(formatStamp(stamp))).toEqual(stamp);
        expect(formatStamp(stamp).length).toBeLessThanOrEqual(256);
      },
    ),
  );
});

it('finds nothing in a description that a person wrote', () => {
  expect(parseStamp('The classifier, see recommit=no')).toEqual({});
  expect(parseStamp(undefined)).toEqual({});
});
