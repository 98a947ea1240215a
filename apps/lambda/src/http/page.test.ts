import { expect, it } from 'vitest';
import { startHandler } from '../../test/service.ts';
import { renderPage } from './page.ts';

const { manifest } = await startHandler();

it('says how good the model is known to be, and beside what', () => {
  const { body } = renderPage({
    ...manifest,
    dataset: { name: 'mail', version: '1', sha256: '', examples: { train: 4086, dev: 1, test: 1 } },
    metrics: {
      ...{ accuracy: 0.9764, mcc: 0.931, f1: 0.9, auc: 0.9, confusion: [] },
      baseline: { name: 'word counts', accuracy: 0.9843, mcc: 0.9 },
    },
  });
  for (const fact of ['97.6 % held out', '0.931', '98.4 %, word counts', '4,086 texts, mail'])
    expect(body).toContain(`<dd>${fact}</dd>`);
  expect(body).toContain('href="report"');
});

it('an imported model has neither figures nor a report, and markup in its names is text', () => {
  const markup = '<img src=x onerror="alert(1)">&\'';
  const { report, ...imported } = manifest;
  expect(report).toBeDefined();
  const { body } = renderPage({ ...imported, name: markup, version: markup, labels: ['a', markup] });
  expect(body).not.toContain('<img');
  expect(body).toContain('<h1>&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;</h1>');
  expect(body).not.toMatch(/Accuracy|href="report"/);
});
