import { argmax, evaluate, logOdds, type Metrics } from '../metrics.ts';
import { lengthChart, lossChart, reliabilityChart, rocChart, scoreChart } from './figures.ts';
import { escapeHtml, type Html, table } from './html.ts';
import { style } from './style.ts';

/** What the page shows. Texts are not in it: a report may be published where the data may not. */
export interface ReportInput {
  name: string;
  labels: string[];
  dataset: {
    name: string;
    version: string;
    sha256: string;
    examples: { train: number; dev: number; test: number };
    notes: string[];
  };
  /** Parameters by name, as they are to be shown. */
  parameters: Record<string, unknown>;
  /** Training loss of every step. */
  losses: number[];
  stepsPerEpoch: number;
  maxTokens: number;
  baseline: string;
  /** The test split. */
  cases: ReportCase[];
}

/** One test example: where it came from, the truth, and what model and baseline said (a logit per label). */
export interface ReportCase {
  id: string;
  label: number;
  logits: number[];
  baselineLogits: number[];
  /** Its length before anything was cut. */
  tokens: number;
}

const WORST = 15;

/** A self-contained page (no script, no request) on how a model was trained and how it does; the same input gives the same bytes. */
export function report(input: ReportInput): string {
  const { name, labels, cases, dataset } = input;
  const truth = cases.map(({ label }) => label);
  const model = evaluate(
    truth,
    cases.map(({ logits }) => logits),
  );
  const baseline = evaluate(
    truth,
    cases.map(({ baselineLogits }) => baselineLogits),
  );
  const truncated = cases.filter(({ tokens }) => tokens > input.maxTokens).length;
  const sections = [
    section(
      'Model and baseline',
      `Test split, ${cases.length} examples. Standard error of the accuracy: ${percent(standardError(model, cases.length))}.`,
      compare(model, baseline, input.baseline),
      'wide',
    ),
    section('Confusion', 'Rows are the truth, columns what the model said.', confusion(model, labels)),
    section('Training loss', 'Each step, and the mean of the last tenth of an epoch.', lossChart(input)),
    section('ROC', 'Right alarms against false ones, over all thresholds.', rocChart(input)),
    section(
      'Reliability',
      'What a probability claims against how often it comes true. A dot grows with its examples.',
      reliabilityChart(input),
    ),
    section(
      'Scores',
      labels.length === 2
        ? 'What the model answers to each text; right of the line it says the second label.'
        : 'Right of the line the true label has more than half of the probability.',
      scoreChart(input),
    ),
    section(
      'Lengths',
      `${percent(truncated / cases.length)} of the test texts are longer than the ${input.maxTokens} tokens that the model reads.`,
      lengthChart(input),
    ),
    section('Worst errors', 'Where the model was most sure of a wrong label, by id.', worst(input), 'wide'),
    section(
      'Data',
      '',
      list({ name: `${dataset.name} ${dataset.version}`, ...dataset.examples, sha256: dataset.sha256 }) +
        dataset.notes.map((note) => `<p>${escapeHtml(note)}.</p>`).join(''),
    ),
    section('Parameters', '', list(input.parameters)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(name)}: training report</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(name)}</h1>
<p>How it was trained, and how it does on ${cases.length} texts it has never seen.</p>
<div class="tiles">${tiles(model, baseline)}</div>
<div class="figures">
${sections.join('\n')}
</div>
</main>
</body>
</html>
`;
}

function section(title: string, caption: string, content: string, kind = ''): string {
  const text = caption === '' ? '' : `<p>${escapeHtml(caption)}</p>`;
  return `<section${kind === '' ? '' : ` class="${kind}"`}><h2>${escapeHtml(title)}</h2>${text}${content}</section>`;
}

function tiles(model: Metrics, baseline: Metrics): string {
  const tile = (label: string, value: string, other: string) =>
    `<div><b>${value}</b><span>${label} · baseline ${other}</span></div>`;
  return [
    tile('accuracy', percent(model.accuracy), percent(baseline.accuracy)),
    tile('MCC', model.mcc.toFixed(3), baseline.mcc.toFixed(3)),
    tile('F1', model.f1.toFixed(3), baseline.f1.toFixed(3)),
    tile('AUC', model.auc.toFixed(4), baseline.auc.toFixed(4)),
  ].join('');
}

function compare(model: Metrics, baseline: Metrics, name: string): string {
  const row = (who: string, { accuracy, mcc, f1, auc, confusion: counts }: Metrics) => {
    const wrong = counts
      .flatMap((line, truth) => line.filter((_, said) => said !== truth))
      .reduce((a, b) => a + b, 0);
    return [who, percent(accuracy), mcc.toFixed(3), f1.toFixed(3), auc.toFixed(4), String(wrong)];
  };
  return table(
    ['', 'accuracy', 'MCC', 'F1', 'AUC', 'errors'],
    [row('this model', model), row(name, baseline)],
  );
}

function confusion({ confusion: counts }: Metrics, labels: string[]): string {
  const total = (row: number[]): number => row.reduce((a, b) => a + b, 0);
  const ofTotal = (count: number, all: number): string => (all === 0 ? '–' : percent(count / all));
  const rows = counts.map((line, truth) => {
    const cells = line.map((count, said): Html => {
      const strength = (0.08 + 0.5 * (count / Math.max(1, total(line)))).toFixed(2);
      const tone = said === truth ? 'good' : 'bad';
      return {
        html: `<span class="count" style="background: rgb(var(--${tone}) / ${strength})">${count}</span>`,
      };
    });
    return [labels[truth]!, ...cells, ofTotal(line[truth]!, total(line))];
  });
  const precision = labels.map((_, said) =>
    ofTotal(counts[said]![said]!, total(counts.map((line) => line[said]!))),
  );
  return table(['', ...labels, 'recall'], [...rows, ['precision', ...precision, '']]);
}

function worst({ cases, labels }: ReportInput): string {
  const errors = cases
    .filter(({ label, logits }) => argmax(logits) !== label)
    .map((each) => ({ ...each, said: argmax(each.logits) }))
    .sort((a, b) => logOdds(b.logits, b.said) - logOdds(a.logits, a.said) || (a.id < b.id ? -1 : 1));
  if (errors.length === 0) return '<p>There is none.</p>';
  const rows = errors
    .slice(0, WORST)
    .map(({ id, label, said, logits, baselineLogits, tokens }) => [
      id,
      labels[label]!,
      labels[said]!,
      probability(logits, said).toFixed(3),
      labels[argmax(baselineLogits)]!,
      String(tokens),
    ]);
  return table(['id', 'truth', 'model', 'sure', 'baseline', 'tokens'], rows);
}

function list(values: Record<string, unknown>): string {
  const entries = Object.entries(values).map(([key, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `<dt>${escapeHtml(key)}</dt><dd>${escapeHtml(text)}</dd>`;
  });
  return `<dl>${entries.join('')}</dl>`;
}

function standardError({ accuracy }: Metrics, count: number): number {
  return Math.sqrt((accuracy * (1 - accuracy)) / count);
}

function probability(logits: number[], label: number): number {
  return 1 / (1 + Math.exp(-logOdds(logits, label)));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
