import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRange } from './range.ts';

const content = 'abcdefghij';
const read = (header: string) => {
  const range = parseRange(header, content.length);
  return range ? content.slice(range.start, range.end + 1) : undefined;
};

it.each([
  ['bytes=0-0', 'a'],
  ['bytes=2-4', 'cde'],
  ['bytes=7-', 'hij'],
  ['bytes=7-99', 'hij'],
  ['bytes=-3', 'hij'],
  ['bytes=-99', content],
  ['bytes=4-2', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,3-4', undefined],
  ['items=0-1', undefined],
])('%s is %s', (header, expected) => {
  expect(read(header)).toBe(expected);
});

it.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('%s cannot be satisfied', (header) => {
  expect(() => parseRange(header, content.length)).toThrow(
    expect.objectContaining({ status: 416, headers: { 'content-range': 'bytes */10' } }),
  );
});

it('any header is a range inside, nothing, or a refusal', () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => `bytes=${a}-${b}`),
  );
  fc.assert(
    fc.property(header, fc.integer({ min: 0, max: 15 }), (text, sizeBytes) => {
      try {
        const range = parseRange(text, sizeBytes);
        if (!range) return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThan(sizeBytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'InvalidRange' });
      }
    }),
  );
});
