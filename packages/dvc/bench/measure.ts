import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How long a program took, how much processor time, and how much memory at most (Linux; 0 elsewhere). */
export interface Measured {
  wallMs: number;
  cpuMs: number;
  peakMiB: number;
}

/** Runs a program to its end; throws, with what it said, if it fails. */
export function measure(
  command: string,
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Measured> {
  const timed = ['-c', 'TIMEFORMAT="%R %U %S"; time "$0" "$@"', command, ...args];
  const child = spawn('bash', timed, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  let peakMiB = 0;
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, ...children(child.pid!).map(highWater));
  }, 50);
  return new Promise((done, fail) =>
    child.on('close', (code) => {
      clearInterval(watch);
      const [wall, user, system] = text.trim().split('\n').at(-1)!.split(' ').map(Number) as [
        number,
        number,
        number,
      ];
      if (code !== 0) fail(new Error(`${command} ${args.join(' ')} ended with ${code}: ${text}`));
      else done({ wallMs: wall * 1000, cpuMs: (user + system) * 1000, peakMiB });
    }),
  );
}

function children(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

/** The most memory a process had resident so far. */
function highWater(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** The middle one of some figures. */
export const median = (figures: number[]): number =>
  [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)]!;
