import type { CheckoutResult } from '../verbs/checkout.ts';
import type { CloudState } from '../verbs/cloud-status.ts';
import type { Change, Status } from '../verbs/status.ts';

/** A letter per out that changed: directories first, then by name. */
export function outLines(result: CheckoutResult): string[] {
  return result.outs
    .filter(({ change }) => change)
    .map(({ path, change }) => `${change === 'added' ? 'A' : 'M'}\t${path}`)
    .sort((a, b) => Number(b.endsWith('/')) - Number(a.endsWith('/')) || (a < b ? -1 : 1));
}

/** `2 files fetched and 1 file added`; undefined where nothing was done. */
export function countLine(result: CheckoutResult & { files?: number }): string | undefined {
  const parts = [
    ...counted(result.files ?? 0, 'fetched'),
    ...counted(result.modified, 'modified'),
    ...counted(result.added, 'added'),
    ...counted(result.deleted, 'deleted'),
  ];
  if (parts.length === 0) return undefined;
  return [parts.slice(0, -1).join(', '), parts.at(-1)!].filter(Boolean).join(' and ');
}

/** `3 files pushed`, or nothing for none. */
export const counted = (count: number, what: string): string[] =>
  count > 0 ? [`${count} file${count === 1 ? '' : 's'} ${what}`] : [];

/** What `status` prints. */
export function statusText(result: Status): string {
  const lines = Object.entries(result).flatMap(([name, changes]) => [
    `${name}:`,
    ...changes.flatMap(changeText),
  ]);
  return lines.length > 0 ? lines.join('\n') : 'Data and pipelines are up to date.';
}

function changeText(change: Change): string[] {
  if (typeof change === 'string') return [`\t${change}`];
  return Object.entries(change).flatMap(([kind, states]) => [
    `\t${kind}:`,
    ...Object.entries(states).flatMap(([name, state]) =>
      typeof state === 'string'
        ? [`\t\t${`${state}:`.padEnd(20)}${name}`]
        : [
            `\t\t${name}:`,
            ...Object.entries(state).map(([key, value]) => `\t\t\t${`${value}:`.padEnd(20)}${key}`),
          ],
    ),
  ]);
}

/** What `status --cloud` prints. */
export function cloudText({
  remote,
  objects,
}: {
  remote: string;
  objects: Record<string, CloudState>;
}): string {
  const lines = Object.entries(objects).map(([name, state]) => `\t${`${state}:`.padEnd(20)}${name}`);
  return lines.length > 0 ? lines.join('\n') : `Cache and remote '${remote}' are in sync.`;
}

/** A path as a shell takes it. */
export const shellQuote = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'"'"'`)}'`;
