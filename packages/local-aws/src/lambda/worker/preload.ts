import { registerHooks } from 'node:module';
import { Worker } from 'node:worker_threads';

/** Runs in the worker before the runtime client: swaps its native addon, and ties this process' life to its parent's. */
const stand = import.meta.resolve('./rapid-client.ts');
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === './rapid-client.node' ? { url: stand, shortCircuit: true } : next(specifier, context),
});

// The parent holds the other end of fd 3 and never writes: when it closes, the parent is gone, however it went. A
// thread of its own watches, because a handler may keep the main thread busy for ever.
new Worker(
  `const { Socket } = require('node:net');
   const lifeline = new Socket({ fd: 3 });
   lifeline.on('error', () => {}).on('close', () => process.kill(process.pid, 'SIGKILL')).resume();`,
  { eval: true, env: {}, execArgv: [] },
).unref();
