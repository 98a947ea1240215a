import { argmax, logOdds } from '../metrics.ts';
import { type Axis, chart, type Dot, type Mark, ticksTo } from './chart.ts';
import { calibrationError, histogram, movingAverage, type Point, reliability, rocCurve } from './curves.ts';
import { escapeHtml } from './html.ts';
import type { ReportInput } from './report.ts';

const TENTHS = [0, 0.2, 0.4, 0.6, 0.8, 1];
const TONES = 5;
const DIAGONAL: Mark = {
  kind: 'line',
  points: [
    [0, 0],
    [1, 1],
  ],
  tone: 0,
  faint: true,
};

/** Training loss by epoch, at most some thousand points of it. */
export function lossChart({ losses, stepsPerEpoch }: ReportInput): string {
  const epochs = losses.length / stepsPerEpoch;
  const stride = Math.ceil(losses.length / 1000);
  const points = (values: number[]) =>
    values.map((loss, i): Point => [(i + 1) / stepsPerEpoch, loss]).filter((_, i) => (i + 1) % stride === 0);
  const ticks = ticksTo(epochs).filter((tick) => tick <= epochs);
  const x = { label: 'epoch', from: 0, to: Math.max(epochs, 1e-9), ticks };
  const smooth = movingAverage(losses, Math.max(1, Math.round(stepsPerEpoch / 10)));
  return chart(`Training loss over ${epochs.toFixed(1)} epochs`, x, upTo('loss', largest(losses)), [
    { kind: 'line', points: points(losses), tone: 1, faint: true },
    { kind: 'line', points: points(smooth), tone: 1 },
  ]);
}

/** ROC curves: with two labels of model and baseline for the second label, otherwise of the model for each label. */
export function rocChart({ cases, labels }: ReportInput): string {
  const curve = (logits: (each: ReportInput['cases'][number]) => number[], label: number) =>
    rocCurve(
      cases.map((each) => each.label === label),
      cases.map((each) => logOdds(logits(each), label)),
    );
  const curves =
    labels.length === 2
      ? [
          { name: 'this model', points: curve((each) => each.logits, 1) },
          { name: 'baseline', points: curve((each) => each.baselineLogits, 1) },
        ]
      : labels.map((name, label) => ({ name, points: curve((each) => each.logits, label) }));
  const marks = curves.map(({ points }, i): Mark => ({ kind: 'line', points, tone: tone(i) }));
  return (
    key(curves.map(({ name }) => name)) +
    chart('ROC curve', unit('false alarms'), unit('found'), [DIAGONAL, ...marks])
  );
}

/** Reliability of the second label's probability, or with more labels of the answer's. */
export function reliabilityChart({ cases, labels }: ReportInput): string {
  const about = cases.map(({ logits }) => (labels.length === 2 ? 1 : argmax(logits)));
  const probabilities = cases.map(({ logits }, i) => 1 / (1 + Math.exp(-logOdds(logits, about[i]!))));
  const bins = reliability(
    cases.map(({ label }, i) => label === about[i]),
    probabilities,
  );
  const dots = bins.map(
    ({ claimed, observed, count }): Dot => ({
      at: [claimed, observed],
      radius: 3 + 6 * Math.sqrt(count / cases.length),
      title: `n = ${count}: ${claimed.toFixed(3)} claimed, ${observed.toFixed(3)} observed`,
    }),
  );
  const event = labels.length === 2 ? labels[1]! : 'the answer is right';
  const drawn = chart('Reliability diagram', unit(`probability claimed: ${event}`), unit('observed'), [
    DIAGONAL,
    { kind: 'dots', dots, tone: 1 },
  ]);
  return `${drawn}<p>Expected calibration error ${calibrationError(bins).toFixed(3)}.</p>`;
}

/** Log-odds of the second label by true label; with more labels those of the true label, which should be above 0. */
export function scoreChart({ cases, labels }: ReportInput): string {
  const odds = cases.map(({ label, logits }) => logOdds(logits, labels.length === 2 ? 1 : label));
  const reach = Math.max(2, Math.ceil(largest(odds.map(Math.abs))));
  const groups = labels.map((_, label) =>
    histogram(
      odds.filter((_, i) => cases[i]!.label === label),
      -reach,
      reach,
      40,
    ),
  );
  const step = Math.max(1, Math.ceil(reach / 4));
  const x = {
    label: labels.length === 2 ? `log-odds of ${labels[1]}` : 'log-odds of the true label',
    from: -reach,
    to: reach,
    ticks: Array.from(
      { length: 2 * Math.floor(reach / step) + 1 },
      (_, i) => (i - Math.floor(reach / step)) * step,
    ),
  };
  const marks = groups.map((heights, i): Mark => ({ kind: 'bars', heights, tone: tone(i) }));
  const y = upTo('examples', largest(groups.flat()));
  return (
    key(labels) +
    chart('Histogram of scores by true label', x, y, [...marks, { kind: 'rule', x: 0, label: '' }])
  );
}

/** Lengths of the test texts in tokens on a logarithmic axis, by true label. */
export function lengthChart({ cases, labels, maxTokens }: ReportInput): string {
  const exponent = (tokens: number) => Math.log2(Math.max(1, tokens));
  const exponents = cases.map(({ tokens }) => exponent(tokens));
  const from = Math.floor(exponents.reduce((a, b) => Math.min(a, b)));
  const to = Math.max(from + 1, Math.ceil(largest([...exponents, exponent(maxTokens)])));
  const groups = labels.map((_, label) =>
    histogram(
      exponents.filter((_, i) => cases[i]!.label === label),
      from,
      to,
      (to - from) * 3,
    ),
  );
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => from + i).filter(
    (_, i) => i % Math.ceil((to - from) / 7) === 0,
  );
  const x = {
    label: 'tokens',
    from,
    to,
    ticks,
    format: (power: number) => (power < 10 ? String(2 ** power) : `${2 ** (power - 10)}k`),
  };
  const marks = groups.map((heights, i): Mark => ({ kind: 'bars', heights, tone: tone(i) }));
  const y = upTo('examples', largest(groups.flat()));
  const limit: Mark = { kind: 'rule', x: exponent(maxTokens), label: 'read up to here' };
  return key(labels) + chart('Histogram of lengths in tokens', x, y, [...marks, limit]);
}

function key(names: string[]): string {
  const items = names.map((name, i) => `<span><i class="tone${tone(i)}"></i>${escapeHtml(name)}</span>`);
  return `<div class="key">${items.join('')}</div>`;
}

function tone(i: number): number {
  return (i % TONES) + 1;
}

function unit(label: string): Axis {
  return { label, from: 0, to: 1, ticks: TENTHS };
}

function upTo(label: string, most: number): Axis {
  const ticks = ticksTo(most);
  return { label, from: 0, to: ticks.at(-1)!, ticks };
}

/** The largest value, 0 if there is none; Math.max takes only so many arguments. */
function largest(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}
