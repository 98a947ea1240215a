import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainBaseline } from './baseline.ts';
import { argmax } from './metrics.ts';

/** `count` examples per label; each text has two of the label's own words among words that all labels share. */
function examples(vocabularies: string[][], count: number) {
  return vocabularies.flatMap((own, label) =>
    Array.from({ length: count }, (_, i) => ({
      id: `${label}-${i}`,
      label,
      text: `the ${own[i % own.length]} and ${own[(i + 1) % own.length]} of number ${i}`,
    })),
  );
}

describe('trainBaseline', () => {
  const train = examples(
    [
      ['meeting', 'lunch', 'patch'],
      ['winner', 'prize', 'free'],
      ['goal', 'match', 'league'],
    ],
    12,
  );

  it('tells labels apart by their words, in texts it has not seen', () => {
    const baseline = trainBaseline(train, 3);
    const answer = (text: string) => argmax(baseline.predict(text));
    expect(answer('Lunch after the meeting?')).toBe(0);
    expect(answer('FREE prize for every winner')).toBe(1);
    expect(answer('a late goal in the match')).toBe(2);
  });

  it('learns what only word order tells', () => {
    const texts = [
      { text: 'bites dog man', label: 0 },
      { text: 'man bites dog', label: 1 },
    ].flatMap((e, i) => [0, 1].map((j) => ({ ...e, id: `${i}${j}` })));
    const baseline = trainBaseline(texts, 2);
    expect(argmax(baseline.predict('bites dog man'))).toBe(0);
    expect(argmax(baseline.predict('man bites dog'))).toBe(1);
  });

  it('gives the same answer when trained twice', () => {
    const [first, second] = [trainBaseline(train, 3), trainBaseline(train, 3)];
    expect(first.predict('free lunch at the match')).toEqual(second.predict('free lunch at the match'));
  });

  it('answers any text with finite logits, and one without a known word with the biases', () => {
    const baseline = trainBaseline(train, 3);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const scores = baseline.predict(text);
        expect(scores).toHaveLength(3);
        expect(scores.every(Number.isFinite)).toBe(true);
      }),
    );
    expect(baseline.predict('🎉')).toEqual(baseline.predict(''));
  });
});
