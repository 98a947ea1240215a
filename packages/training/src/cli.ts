import { parseArgs } from 'node:util';
import { BundleError } from '@mainline/classifier';
import { TrainingError, UsageError } from './errors.ts';
import { exportModel } from './export.ts';
import { seconds } from './progress.ts';
import { train } from './train.ts';

const usage = `Trains a text classifier and exports it.

  pnpm train models/<name>           train, then export
  pnpm train train models/<name>     data → weights, in models/<name>/.train
  pnpm train export models/<name>    weights → models/<name>/model and metrics.json

  --commit SHA    the commit to name in the model's manifest
  --threads N     threads for ONNX Runtime (all cores)
`;

try {
  await main(process.argv.slice(2));
} catch (error) {
  // What the user can mend is one sentence; anything else is a defect and keeps its stack.
  const expected = error instanceof TrainingError || error instanceof BundleError;
  console.error(expected ? `error: ${error.message}` : error);
  process.exitCode = 1;
}

async function main(args: string[]): Promise<void> {
  const { verbs, folder, commit, threads } = readArguments(args);
  if (!folder) {
    process.stdout.write(usage);
    return;
  }
  const output = process.stdout;
  if (verbs.includes('train')) {
    const startedAt = performance.now();
    await train(folder, { output, ...(threads === undefined ? {} : { threads }) });
    output.write(`  trained in ${seconds(performance.now() - startedAt)}\n`);
  }
  if (verbs.includes('export'))
    await exportModel(folder, { output, ...(commit === undefined ? {} : { commit }) });
}

function readArguments(args: string[]) {
  const { values, positionals } = parse(args);
  if (values.help) return { verbs: [] };
  const verb = positionals.find((word) => word === 'train' || word === 'export');
  const folders = positionals.filter((word) => word !== verb);
  const [folder] = folders;
  if (folder === undefined || folders.length > 1)
    throw new UsageError(`name one model folder, as in models/spam\n\n${usage}`);
  const threads = values.threads === undefined ? undefined : Number(values.threads);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0))
    throw new UsageError(`--threads ${values.threads}: give a whole number from 1 up`);
  return { verbs: verb ? [verb] : ['train', 'export'], folder, commit: values.commit, threads };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        commit: { type: 'string' },
        threads: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : cause}\n\n${usage}`, { cause });
  }
}
