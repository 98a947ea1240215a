import { StepError } from './errors.ts';

const color = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);

/** Colours for people at a terminal; plain text in CI, in a pipe, or under NO_COLOR. */
export const style = { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), cyan: paint(36) };

/** Prints one line; every line of a step is indented below its header. */
export function say(line = '', indent = 2): void {
  for (const part of line.split('\n'))
    process.stdout.write(`${part === '' ? '' : ' '.repeat(indent) + part}\n`);
}

/** A duration for people: `840 ms`, `3.2 s`, `1 min 12 s`. */
export function duration(ms: number): string {
  if (ms < 995) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** Says what failed, in which step, and what to do next; the end of a step's own log comes first. */
export function sayFailure(where: string, error: unknown): void {
  if (error instanceof StepError && error.log !== '')
    say(style.dim(error.log.split('\n').slice(-40).join('\n')), 6);
  const message = error instanceof Error ? error.message : String(error);
  say(`${style.red('✗')} ${style.bold(where)} failed: ${message}`);
  if (isFullDisk(error))
    say('The disk is full: free some space and run it again; it goes on where it stopped.', 4);
  else if (error instanceof Error && 'hint' in error) say(String(error.hint), 4);
  else if (error instanceof Error && isBug(error)) say(style.dim(error.stack ?? ''), 4);
}

/** A failure that nobody wrote a sentence for: its stack is what a report needs. */
function isBug(error: Error): boolean {
  return ['Error', 'TypeError', 'ReferenceError', 'RangeError', 'SyntaxError'].includes(error.name);
}

function isFullDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}
