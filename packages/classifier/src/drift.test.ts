import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Prediction } from './classify.ts';
import { drift, makeReference, parseReference } from './drift.ts';
import { BundleError } from './errors.ts';
import type { Manifest } from './manifest.ts';

const labels = ['ham', 'spam'];
const manifest = { labels } as Manifest;

const prediction = (label: string, score: number, tokens: number, unknownTokens = 0): Prediction => ({
  ...{ label, score, scores: {}, truncated: false, tokens, unknownTokens },
});

/** A thousand predictions whose every measure is spread evenly. */
const usual = Array.from({ length: 1000 }, (_, i) =>
  prediction(labels[i % 2]!, 0.5 + i / 2000, 10 + (i % 100), i % 10),
);
const reference = makeReference(usual, labels);

it('bins hold equal counts, labels their shares', () => {
  expect(reference.labels).toEqual({ ham: 0.5, spam: 0.5 });
  for (const { edges, shares } of [reference.measures.tokens, reference.measures.score]) {
    expect(edges).toHaveLength(9);
    for (const share of shares) expect(share).toBeCloseTo(0.1, 5);
  }
});

it('what is spread alike has not moved, whatever the order', () => {
  for (const index of Object.values(drift(reference, usual.toReversed()))) expect(index).toBeCloseTo(0, 10);
});

it('is the index worked out by hand', () => {
  const live = usual.map((one, i) => ({ ...one, label: i < 800 ? 'spam' : 'ham' }));
  expect(drift(reference, live).label).toBeCloseTo(0.3 * Math.log(0.8 / 0.5) - 0.3 * Math.log(0.2 / 0.5), 10);
});

it('longer texts move tokens alone; a label that is gone is a large but finite shift', () => {
  const longer = drift(
    reference,
    usual.map((one) => ({
      ...one,
      tokens: one.tokens + 50,
      unknownTokens: (one.unknownTokens * (one.tokens + 50)) / one.tokens,
    })),
  );
  expect(longer.tokens).toBeGreaterThan(0.25);
  expect(longer.score).toBeCloseTo(0, 10);
  const gone = drift(
    reference,
    usual.map((one) => ({ ...one, label: 'ham' })),
  );
  expect(gone.label).toBeGreaterThan(1);
  expect(gone.label).toBeLessThan(10);
});

it('what nearly all had alike is seen to move, up or down', () => {
  const alike = usual.map((_, i) => prediction('ham', 0.9, i % 20 ? 128 : 64, 0));
  const before = makeReference(alike, labels);
  expect(drift(before, alike)).toEqual({ tokens: 0, unknownRate: 0, score: 0, label: 0 });
  const half = (change: Partial<Prediction>) =>
    drift(
      before,
      alike.map((one, i) => (i % 2 ? { ...one, ...change } : one)),
    );
  expect(half({ unknownTokens: 1 }).unknownRate).toBeGreaterThan(0.25);
  for (const score of [0.8, 0.95]) expect(half({ score }).score).toBeGreaterThan(0.25);
  for (const tokens of [100, 200]) expect(half({ tokens }).tokens).toBeGreaterThan(0.25);
});

it('is never negative or infinite, and its reference can be read', () => {
  const any = fc.array(
    fc.record({
      label: fc.constantFrom(...labels),
      score: fc.oneof(fc.constantFrom(1, 1 - 2 ** -53), fc.double({ min: 0, max: 1, noNaN: true })),
      tokens: fc.integer({ min: 2, max: 512 }),
    }),
    { minLength: 1, maxLength: 50 },
  );
  fc.assert(
    fc.property(any, any, (was, is) => {
      const [before, after] = [was, is].map((all) =>
        all.map((one) => prediction(one.label, one.score, one.tokens)),
      );
      const made = makeReference(before!, labels);
      expect(parseReference(JSON.parse(JSON.stringify(made)), manifest)).toEqual(made);
      const moved = drift(made, after!);
      for (const index of Object.values(moved)) expect(index).toBeGreaterThanOrEqual(0);
      for (const index of Object.values(moved)) expect(Number.isFinite(index)).toBe(true);
    }),
  );
});

describe('a reference', () => {
  it('is read as it was written', () => {
    expect(parseReference(JSON.parse(JSON.stringify(reference)), manifest)).toEqual(reference);
  });

  it.each([
    [null, 'schemaVersion must be 1'],
    [{ ...reference, labels: { ham: 1 } }, 'labels must have a share for each label'],
    [{ ...reference, measures: {} }, 'measures.tokens must have ascending edges'],
    [
      { ...reference, measures: { ...reference.measures, score: { edges: [2, 1], shares: [0, 0, 1] } } },
      'measures.score',
    ],
  ])('%#', (json, message) => {
    expect(() => parseReference(json, manifest)).toThrow(BundleError);
    expect(() => parseReference(json, manifest)).toThrow(`reference.json: ${message}`);
  });
});
