import type { Metrics } from './metrics.ts';

/** Held-out figures of the model and, beside them, of the baseline: also where it wins. Lines for a terminal. */
export function heldOutTable(
  rows: { name: string; metrics: Metrics }[],
  labels: readonly string[],
  examples: number,
): string[] {
  const figures = ['accuracy', 'mcc', 'f1', 'auc'] as const;
  const best = figures.map((figure) => Math.max(...rows.map(({ metrics }) => metrics[figure])));
  const width = Math.max(...rows.map(({ name }) => name.length));
  const table = rows.map(({ name, metrics }) => {
    const cells = figures.map((figure, column) => {
      const text = figure === 'accuracy' ? percent(metrics[figure]) : metrics[figure].toFixed(3);
      return `${text}${metrics[figure] === best[column] ? '*' : ' '}`.padStart(11);
    });
    return `  ${name.padEnd(width)}${cells.join('')}`;
  });
  const header = ['accuracy ', 'MCC ', 'F1 ', 'AUC '].map((title) => title.padStart(11)).join('');
  const model = rows[0];
  return [
    `  held out: ${examples} texts (* is the better one)`,
    `  ${' '.repeat(width)}${header}`,
    ...table,
    ...(model ? confusionLines(model.metrics.confusion, labels) : []),
  ];
}

function confusionLines(confusion: number[][], labels: readonly string[]): string[] {
  const width = 2 + Math.max(8, ...labels.map((label) => label.length));
  const row = (cells: (string | number)[]) => cells.map((cell) => String(cell).padStart(width)).join('');
  return [
    `  ${row(['said →', ...labels])}`,
    ...labels.map((label, truth) => `  ${row([label, ...(confusion[truth] ?? [])])}`),
  ];
}

/** 0.98039 as 98.04 %. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
