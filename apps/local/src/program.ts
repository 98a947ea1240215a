import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DemoError } from './errors.ts';

/** How to run one of Mainline's programs; without `onLine` it writes straight to the terminal (progress bars). */
export interface ProgramOptions {
  cwd: string;
  env: Record<string, string>;
  signal: AbortSignal;
  onLine?: ((line: string) => void) | undefined;
}

const piped = ['ignore', 'pipe', 'pipe'] as const;
const inherited = ['ignore', 'inherit', 'inherit'] as const;

// A demo that is killed can't stop what it started: each program watches the channel to it and ends when that closes.
const endWithParent =
  'data:text/javascript,process.once("disconnect",()=>process.exit(1));process.channel?.unref()';

/** Runs a TypeScript program of the repository under this Node; throws `DemoError` when it ends with another code than 0. */
export async function runProgram(file: string, args: string[], options: ProgramOptions): Promise<void> {
  const lines: string[] = [];
  const code = await new Promise<number | string | null>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', endWithParent, file, ...args], {
      cwd: options.cwd,
      env: options.env,
      stdio: [...(options.onLine ? piped : inherited), 'ipc'],
      signal: options.signal,
    });
    for (const stream of [child.stdout, child.stderr])
      if (stream)
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line);
          options.onLine?.(line);
        });
    child.on('error', reject);
    child.on('close', (exit, signal) => resolve(exit ?? signal));
  });
  if (code !== 0)
    throw new DemoError(
      `${file.replace(/^.*\/(packages|apps)\//, '$1/')} ${args.join(' ')} ended with ${code}`,
      lines.length > 0 ? lines.slice(-10).join('\n') : 'What it printed is above.',
    );
}

/**
 * The environment of everything the demo starts: this process's own, without whatever would point it at a real
 * cloud or another runner.
 */
export function cleanEnvironment(local: Record<string, string>): Record<string, string> {
  const foreign = /^(AWS_|GITHUB_|INPUT_|ACTIONS_|RUNNER_|DVC_|GIT_)/;
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !foreign.test(entry[0]),
  );
  return { ...Object.fromEntries(own), ...local };
}
