import type { ActionFile } from './action-file.ts';
import { code } from './summary.ts';

/** An action's README with the bodies of its `## Inputs` and `## Outputs` written anew from action.yml. */
export function withTables(readme: string, action: ActionFile): string {
  const inputs = table(
    ['Name', 'Default', 'Description'],
    Object.entries(action.inputs).map(([name, input]) => [
      code(name),
      input.required ? '**required**' : input.default === undefined ? '' : code(input.default),
      input.description.trim(),
    ]),
  );
  const outputs = table(
    ['Name', 'Description'],
    Object.entries(action.outputs).map(([name, output]) => [code(name), output.description.trim()]),
  );
  return replaceSection(replaceSection(readme, 'Inputs', inputs), 'Outputs', outputs);
}

function replaceSection(readme: string, heading: string, body: string): string {
  const start = readme.indexOf(`## ${heading}\n`);
  if (start < 0) throw new Error(`The README has no "## ${heading}" section`);
  const end = readme.indexOf('\n## ', start + 1);
  return `${readme.slice(0, start)}## ${heading}\n\n${body}\n${end < 0 ? '' : readme.slice(end)}`;
}

/** A table with its columns padded, as the formatter leaves Markdown files. */
function table(header: string[], rows: string[][]): string {
  const escaped = rows.map((row) =>
    row.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')),
  );
  const widths = header.map((title, column) =>
    Math.max(3, ...[title, ...escaped.map((row) => row[column] ?? '')].map((cell) => cell.length)),
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...escaped.map(line)].join('\n');
}
