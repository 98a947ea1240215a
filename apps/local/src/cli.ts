import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { demo } from './demo.ts';
import { DemoError } from './errors.ts';
import { say, sayFailure } from './terminal.ts';

const usage = `pnpm demo [--model NAME] [--port N] [--exit]

Trains a model, versions it with DVC, and runs .github/workflows/deploy.yml against a local AWS.
  --model NAME   a folder under models/ (default spam)
  --port N       where the local AWS listens (default 4510)
  --exit         ask the live function five mails and end, instead of staying up`;

const root = resolve(import.meta.dirname, '../../..');

function readOptions() {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'spam' },
      port: { type: 'string', default: '4510' },
      exit: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const models = readdirSync(join(root, 'models'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  if (!models.includes(values.model))
    throw new DemoError(`there is no model '${values.model}'`, `models/ has ${models.join(', ')}.`);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new DemoError(
      `'${values.port}' is not a port`,
      'Give a number from 0, for any free one, to 65535.',
    );
  return { ...values, port };
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());

let where = 'pnpm demo';
try {
  const options = readOptions();
  if (options.help) say(usage, 0);
  else await demo({ ...options, root, signal: stop.signal, onStep: (title) => (where = title) });
} catch (error) {
  if (stop.signal.aborted) {
    say('stopped; the next run goes on from here');
    process.exitCode = 130;
  } else {
    sayFailure(where, error);
    process.exitCode = 1;
  }
}
