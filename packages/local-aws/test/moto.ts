import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { findProgram } from './find-program.ts';

const program = findProgram('moto_server');

/** Why moto can't be used here; `undefined` when it can. */
export const noMoto = program ? undefined : 'skipped: needs moto_server (pip install moto[server])';

/** Starts moto, another stand-in for AWS, written by others: where answers agree, neither is likely to be wrong. */
export async function startMoto(): Promise<{ url: string; close(): Promise<void> }> {
  const server = spawn(program!, ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  for await (const line of createInterface({ input: server.stderr })) {
    const [url] = line.match(/http:\/\/127\.0\.0\.1:\d+/) ?? [];
    if (!url) continue;
    server.stderr.resume();
    return {
      url,
      async close() {
        server.kill('SIGKILL');
        await ended;
      },
    };
  }
  throw new Error('moto_server ended before it listened');
}
