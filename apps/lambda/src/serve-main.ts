import { once } from 'node:events';
import { readLimits } from './limits.ts';
import { serve } from './serve.ts';

/** `node serve` in the image: listens on $PORT, 8080 if there is none, until it is told to stop. */
async function main(): Promise<void> {
  const port = readPort(process.env.PORT || '8080');
  // From the start, or the container's first process would not hear it; a second time, the signal ends it at once.
  const told = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  const { handler } = await import('./index.ts');
  const serving = await serve(handler, port, readLimits(process.env).bodyBytes);
  process.stdout.write(`${JSON.stringify({ level: 'info', message: 'listening', port: serving.port })}\n`);
  await told;
  await serving.stop();
  process.exit(0);
}

function readPort(port: string): number {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new Error(`PORT is "${port}": give a number from 0 to 65535`);
  return Number(port);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
