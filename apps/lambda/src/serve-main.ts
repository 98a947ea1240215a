import { readLimits } from './limits.ts';
import { serve } from './serve.ts';

/** `node serve` in the image: listens on $PORT, 8080 if there is none, until it is told to stop. */
async function main(): Promise<void> {
  const { PORT } = process.env;
  const { handler } = await import('./index.ts');
  const { port, stop } = await serve(handler, Number(PORT || 8080), readLimits(process.env).bodyBytes);
  process.stdout.write(`${JSON.stringify({ level: 'info', message: 'listening', port })}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().then(() => process.exit(0)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
