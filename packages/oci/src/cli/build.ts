import { parseArgs } from 'node:util';
import { assemble } from '../assemble.ts';
import { OciError } from '../errors.ts';
import { pinned } from '../lock.ts';
import { defaultLayout, formatBytes, loginFor, parseLayer, parsePairs } from './arguments.ts';

/** `pnpm image build`: folders over a base → a layout. */
export async function build(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      base: { type: 'string' },
      platform: { type: 'string', default: 'linux/amd64' },
      layer: { type: 'string', multiple: true, default: [] },
      command: { type: 'string', multiple: true, default: [] },
      env: { type: 'string', multiple: true, default: [] },
      label: { type: 'string', multiple: true, default: [] },
      output: { type: 'string', default: defaultLayout },
    },
  });
  if (values.layer.length === 0)
    throw new OciError('build needs at least one --layer.', { hint: 'pnpm image help' });
  const reference = values.base === undefined ? undefined : await pinned(values.base);
  const image = await assemble({
    base: reference === undefined ? undefined : { reference, credential: loginFor(reference) },
    platform: values.platform,
    layers: values.layer.map(parseLayer),
    config: {
      ...(values.command.length > 0 ? { command: values.command } : {}),
      env: parsePairs(values.env),
      labels: parsePairs(values.label),
    },
    output: values.output,
  });
  console.log(
    `${image.digest}  ${image.layers.length} layers, ${formatBytes(image.sizeBytes)}, in ${image.layout}`,
  );
}
