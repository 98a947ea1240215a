import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BundleError } from './errors.ts';
import { type ImportOptions, importModel } from './import-model.ts';

const usage = `pnpm import-model <folder> <bundle> [options]

Makes a bundle of a BERT-style classifier exported to ONNX, with its Hugging Face tokenizer.json.

  --labels a,b      the labels in the order of the logits (else those of config.json)
  --name NAME       what the model is called (else the folder's name)
  --max-tokens N    longest input (else config.json's max_position_embeddings)
  --golden FILE     texts, one a line, whose scores a deployment has to repeat
  --int8            large weights in 8 bits: compare the answers before you ship it
`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      labels: { type: 'string' },
      name: { type: 'string' },
      'max-tokens': { type: 'string' },
      golden: { type: 'string' },
      int8: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [source, target, ...more] = positionals;
  if (values.help || !source || !target || more.length) {
    process.stdout.write(usage);
    process.exit(values.help ? 0 : 1);
  }
  const options: ImportOptions = {
    precision: values.int8 ? 'int8' : 'float32',
    log: (line) => process.stdout.write(`${line}\n`),
  };
  if (values.labels !== undefined) options.labels = values.labels.split(',').map((label) => label.trim());
  if (values.name !== undefined) options.name = values.name;
  const maxTokens = values['max-tokens'];
  if (maxTokens !== undefined) {
    if (!/^\d+$/.test(maxTokens))
      throw new BundleError('--max-tokens', `must be a whole number, is ${maxTokens}`);
    options.maxTokens = Number(maxTokens);
  }
  if (values.golden !== undefined)
    options.golden = readFileSync(values.golden, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  const { name, version, labels } = await importModel(source, target, options);
  process.stdout.write(`${target}: ${name} ${version}, ${labels.join(' or ')}\n`);
} catch (error) {
  if (!(error instanceof Error) || (!(error instanceof BundleError) && !('code' in error))) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
