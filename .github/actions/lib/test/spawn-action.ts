import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a spawned action left behind. */
export interface Spawned {
  exitCode: number | null;
  log: string;
  outputs: Record<string, string>;
  summary: string;
}

/** How to spawn one: `with` as in a workflow; `onLog` sees the log so far each time it grows. */
export interface SpawnOptions {
  with: Record<string, string>;
  env?: Record<string, string>;
  cwd?: string;
  onLog?: (log: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/**
 * Runs an action's program the way GitHub's runner does: a clean environment, INPUT_* from `with`, and files for
 * outputs and the summary, which are read back.
 */
export async function spawnAction(program: string, options: SpawnOptions): Promise<Spawned> {
  const folder = await mkdtemp(join(tmpdir(), 'action-'));
  const files = { GITHUB_OUTPUT: join(folder, 'output'), GITHUB_STEP_SUMMARY: join(folder, 'summary') };
  for (const file of Object.values(files)) await writeFile(file, '');
  const inputs = Object.entries(options.with).map(
    ([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value] as const,
  );
  const child = spawn(process.execPath, [program], {
    cwd: options.cwd ?? folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      ...(process.env.SYSTEMROOT && { SYSTEMROOT: process.env.SYSTEMROOT }),
      ...files,
      ...options.env,
      ...Object.fromEntries(inputs),
    },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
      options.onLog?.(log, (signal) => child.killed || child.kill(signal));
    });
  const [exitCode]: (number | null)[] = await once(child, 'close');
  const outputs = parseOutputs(await readFile(files.GITHUB_OUTPUT, 'utf8'));
  const summary = await readFile(files.GITHUB_STEP_SUMMARY, 'utf8');
  await rm(folder, { recursive: true, force: true });
  return { exitCode: exitCode ?? null, log, outputs, summary };
}

/** The runner's file format: name<<DELIMITER, lines, DELIMITER. */
function parseOutputs(file: string): Record<string, string> {
  return Object.fromEntries(
    [...file.matchAll(/^([^\n]+?)<<(ghadelimiter_[^\n]+)\n([\s\S]*?)\n\2$/gm)].map((match) => [
      match[1],
      match[3],
    ]),
  );
}
