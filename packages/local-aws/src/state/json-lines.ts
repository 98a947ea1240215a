import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Appends values to a file, one line of JSON each. */
export function appendJsonLines(path: string, values: unknown[]): void {
  appendFileSync(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}

/** The values of such a file; none when it isn't there. A line that a full disk left broken is passed over. */
export function readJsonLines(path: string): unknown[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown];
      } catch {
        return [];
      }
    });
}
