import type { Classifier, Prediction } from '@mainline/classifier';
import { makeReference } from '@mainline/classifier';
import { afterEach, expect, it, vi } from 'vitest';
import { makeMetrics } from './metrics.ts';

const labels = ['ham', 'spam'];
const prediction = (label: string): Prediction => ({
  label,
  score: 0.9,
  scores: {},
  truncated: false,
  tokens: 8,
  unknownTokens: 2,
});
const usual = [
  ...Array<Prediction>(50).fill(prediction('ham')),
  ...Array<Prediction>(50).fill(prediction('spam')),
];
const classifier = {
  manifest: { name: 'mail', version: '0123456789ab', labels },
  reference: makeReference(usual, labels),
} as Classifier;
const timing = { tokenizeMs: 0.5, runMs: 2 };

// In development the library writes to the console, where a test can read along.
process.env.POWERTOOLS_DEV = 'true';
process.env.POWERTOOLS_METRICS_DISABLED = 'false';
afterEach(() => vi.restoreAllMocks());

/** What is written while `act` runs, line by line. */
function written(act: () => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(JSON.parse(line)));
  act();
  return lines;
}

it('a call with predictions is one line, a call without is none', () => {
  const metrics = makeMetrics(classifier, 'mail-live');
  const lines = written(() => {
    metrics.record([], timing);
    metrics.publish('first', false);
    metrics.record([prediction('spam'), prediction('spam'), prediction('ham')], timing);
    metrics.publish('second', false);
    metrics.publish('third', false);
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    ...{ service: 'mail-live', model: 'mail', version: '0123456789ab', requestId: 'second' },
    ...{
      TokenizeTime: 0.5,
      RunTime: 2,
      Texts: 3,
      'Label:spam': [1, 1],
      'Label:ham': 1,
      Score: [0.9, 0.9, 0.9],
    },
    UnknownRate: [0.25, 0.25, 0.25],
  });
  expect(lines[0]).not.toHaveProperty('DriftLabel');
});

it('no line has more than CloudWatch takes: 100 metrics, 100 values of each, names of 255 characters', () => {
  const many = Array.from({ length: 150 }, (_, i) => `${i} ${'a'.repeat(300)}`);
  const metrics = makeMetrics(
    { manifest: { name: 'mail', version: '1', labels: many } } as Classifier,
    'mail',
  );
  const lines = written(() => {
    for (const label of many) metrics.record([prediction(label)], timing);
    metrics.record(Array(250).fill(prediction(many[0]!)), timing);
    metrics.publish('id', true);
  });
  const told: Record<string, number> = {};
  for (const line of lines) {
    const [{ Metrics: names }] = (line._aws as { CloudWatchMetrics: [{ Metrics: { Name: string }[] }] })
      .CloudWatchMetrics;
    expect(names.length).toBeLessThanOrEqual(100);
    for (const { Name: name } of names) {
      const values = [line[name]].flat();
      expect(name.length).toBeLessThanOrEqual(255);
      expect(values.length).toBeLessThanOrEqual(100);
      told[name] = (told[name] ?? 0) + values.length;
    }
  }
  expect(told).toMatchObject({ Score: 400, Texts: 151, ColdStart: 1 });
  expect(Object.keys(told).filter((name) => name.startsWith('Label:'))).toHaveLength(150);
});

it('drift is told once in a hundred predictions, of the last five hundred', () => {
  const metrics = makeMetrics(classifier, 'mail-live');
  const drifts = (predictions: Prediction[], times: number) =>
    written(() => {
      for (let i = 0; i < times; i++) {
        metrics.record(predictions, timing);
        metrics.publish(undefined, false);
      }
    }).flatMap(({ DriftLabel: moved }) => (moved === undefined ? [] : [moved]));
  expect(drifts(usual, 5)).toEqual([0, 0, 0, 0, 0]);
  const all = drifts([prediction('spam')], 500);
  expect(all).toHaveLength(5);
  for (const [i, moved] of all.entries()) expect(moved).toBeGreaterThan(i ? (all[i - 1] as number) : 0);
});

it('a batch of a quarter of a million texts is one more', () => {
  const metrics = makeMetrics(classifier, 'mail-live');
  const lines = written(() => {
    metrics.record(Array(250_000).fill(prediction('spam')), timing);
    metrics.publish(undefined, false);
  });
  expect(lines.filter((line) => 'DriftLabel' in line)).toHaveLength(1);
  expect(lines.find((line) => 'Texts' in line)).toMatchObject({ Texts: 250_000 });
});
