import type { ActionFile } from './action-file.ts';
import { code, table } from './summary.ts';

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
