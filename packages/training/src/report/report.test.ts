import { describe, expect, it } from 'vitest';
import { type ReportInput, report } from './report.ts';

const input: ReportInput = {
  name: 'spam',
  labels: ['ham', 'spam'],
  dataset: {
    name: 'mails',
    version: '1',
    sha256: 'ab'.repeat(32),
    examples: { train: 80, dev: 10, test: 4 },
    notes: ['2 dropped'],
  },
  parameters: { epochs: 2, learningRate: 0.001 },
  losses: [0.7, 0.5, 0.3, 0.2],
  stepsPerEpoch: 2,
  maxTokens: 64,
  baseline: 'linear',
  cases: [
    { id: 'a/1', label: 0, logits: [3, -3], baselineLogits: [1, 0], tokens: 10 },
    { id: 'a/2', label: 0, logits: [-1, 1], baselineLogits: [1, 0], tokens: 100 },
    { id: 'b/1', label: 1, logits: [4, -4], baselineLogits: [0, 1], tokens: 30 },
    { id: 'b/2', label: 1, logits: [-2, 2], baselineLogits: [0, 1], tokens: 5 },
  ],
};

const cells = (html: string) =>
  [...html.matchAll(/<t[dh]>(.*?)<\/t[dh]>/g)].map(([, cell]) => cell!.replace(/<.*?>/g, ''));

describe('report', () => {
  const html = report(input);

  it('puts the model beside the baseline', () => {
    expect(cells(html).join(' ')).toContain(
      'this model 50.0 % 0.000 0.500 0.5000 2 linear 100.0 % 1.000 1.000 1.0000 0',
    );
  });

  it('shows the confusion matrix with recall and precision', () => {
    expect(cells(html).join(' ')).toContain('ham 1 1 50.0 % spam 1 1 50.0 % precision 50.0 % 50.0 %');
  });

  it('lists the worst errors by id, the surest first', () => {
    expect(cells(html).join(' ')).toMatch(/b\/1 spam ham 1\.000 spam 30 a\/2 ham spam 0\.881 ham 100/);
  });

  it('draws five charts, none with a number that is none', () => {
    expect(html.match(/<svg /g)).toHaveLength(5);
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
    expect(html).toContain('25.0 % of the test texts are longer than the 64 tokens');
  });

  it('asks nothing of the network and runs nothing', () => {
    expect(html).not.toMatch(/<script|<link|src=|href=|url\(|@import|https?:/);
    expect(html).toContain(`content="default-src 'none'`);
  });

  it('has the same bytes for the same input', () => {
    expect(report(structuredClone(input))).toBe(html);
  });

  it('lets no name from the data become markup', () => {
    const evil = '"><img src=x onerror=alert(1)>';
    const hostile = report({
      ...input,
      name: evil,
      labels: [evil, 'spam'],
      baseline: evil,
      dataset: { ...input.dataset, name: evil, notes: [evil] },
      parameters: { [evil]: evil },
      cases: input.cases.map((each) => ({ ...each, id: evil })),
    });
    expect(hostile).not.toContain('<img');
  });

  it.each([
    [
      'three labels',
      {
        labels: ['a', 'b', 'c'],
        cases: input.cases.map((each) => ({
          ...each,
          logits: [...each.logits, 0],
          baselineLogits: [0, 0, 1],
        })),
      },
    ],
    ['one step', { losses: [0.7] }],
    ['no step', { losses: [] }],
    ['one label in the test split', { cases: input.cases.slice(0, 2) }],
    ['scores far out', { cases: input.cases.map((each) => ({ ...each, logits: [1e4, -1e4] })) }],
    ['no error', { cases: input.cases.map((each) => ({ ...each, logits: each.label ? [0, 1] : [1, 0] })) }],
  ])('stands %s', (_name, change) => {
    expect(report({ ...input, ...change })).not.toMatch(/NaN|Infinity|undefined/);
  });
});
