import { expect, it } from 'vitest';
import { parseAnswer } from './answer.ts';
import { difference, parseGolden } from './golden.ts';

const good = {
  schemaVersion: 1,
  tolerance: 0.001,
  cases: [{ text: 'hi', label: 'ham', scores: { ham: 0.9, spam: 0.1 } }],
};

it('reads golden.json', () => {
  expect(parseGolden(good)).toEqual({ tolerance: 0.001, cases: good.cases });
});

it.each<[unknown, string]>([
  [null, 'golden.json is not an object'],
  [[], 'golden.json is not an object'],
  [{ ...good, schemaVersion: 2 }, 'schemaVersion 2; this reads 1'],
  [{ ...good, tolerance: '0.1' }, 'tolerance is not a number'],
  [{ ...good, tolerance: -1 }, 'tolerance is not a number that is not negative'],
  [{ ...good, cases: [] }, 'cases is not a list with at least one case'],
  [{ ...good, cases: [{ text: 'a' }] }, 'cases[0].label is not text'],
  [{ ...good, cases: [{ text: 1, label: 'ham' }] }, 'cases[0].text is not text'],
  [{ ...good, cases: [{ text: 'a', label: 'b', scores: [] }] }, 'cases[0].scores is not an object'],
  [{ ...good, cases: [{ text: 'a', label: 'b', scores: { b: null } }] }, 'cases[0].scores.b is not a number'],
])('refuses %j, naming the field', (json, message) => {
  expect(() => parseGolden(json)).toThrow(message);
});

it('reads an answer, and gives the words of an error body', () => {
  const answer = {
    model: { name: 'spam', version: 'm1' },
    predictions: [{ label: 'ham', score: 0.9, scores: { ham: 0.9 } }],
  };
  expect(parseAnswer(answer)).toEqual({
    model: { name: 'spam', version: 'm1' },
    label: 'ham',
    scores: { ham: 0.9 },
  });
  expect(() => parseAnswer({ statusCode: 400, error: { code: 'bad_request', message: 'no text' } })).toThrow(
    'it answered 400 bad_request: no text',
  );
  expect(() => parseAnswer({ ...answer, predictions: [] })).toThrow('predictions[0] is not an object');
});

it('measures how far scores are apart, a missing label being as far as can be', () => {
  expect(difference({ a: 0.5, b: 0.5 }, { a: 0.25, b: 0.75 })).toBe(0.25);
  expect(difference({ a: 1 }, { b: 1 })).toBe(1);
  expect(difference({}, {})).toBe(0);
});
