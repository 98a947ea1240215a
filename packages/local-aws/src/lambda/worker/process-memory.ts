import { readFileSync } from 'node:fs';

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** The process that does the work: `pid` itself, or the one at the end of the chain of wrappers it started. */
function innermost(pid: number): number {
  const children = read(`/proc/${pid}/task/${pid}/children`)?.trim().split(' ').filter(Boolean) ?? [];
  const isWrapper = ['unshare', 'sh'].includes(read(`/proc/${pid}/comm`)?.trim() ?? '');
  return isWrapper && children[0] ? innermost(Number(children[0])) : pid;
}

/**
 * Memory of a worker's process where the system tells (Linux): what it allocated itself right now, which is what a
 * limit counts, and its largest resident size so far.
 */
export function processMemory(pid: number | undefined): { ownMb: number; peakMb: number } | undefined {
  const status = pid === undefined ? undefined : read(`/proc/${innermost(pid)}/status`);
  const megabytes = (name: string) => Number(status?.match(new RegExp(`${name}:\\s+(\\d+) kB`))?.[1]) / 1024;
  const [ownMb, peakMb] = [megabytes('RssAnon'), megabytes('VmHWM')];
  return Number.isNaN(ownMb + peakMb) ? undefined : { ownMb, peakMb };
}
