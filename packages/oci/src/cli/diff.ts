import { parseArgs } from 'node:util';
import { type Change, diff } from '../diff.ts';
import { expectNames, formatBytes } from './arguments.ts';
import { open } from './open.ts';

/** `pnpm image diff`: layers, files and config lines that tell two images apart. */
export async function diffVerb(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { platform: { type: 'string' } },
  });
  const [first = '', second = ''] = expectNames(positionals, 2, 2, 'diff');
  const before = await open(first, values.platform);
  const after = await open(second, values.platform);
  try {
    const { same, shared, layers, files, config, unread } = await diff(before, after);
    if (same) return console.log(`Both are ${after.digest}`);
    console.log(`${shared.layers} layers (${formatBytes(shared.sizeBytes)}) are the same`);
    for (const layer of layers) console.log(`layer  ${line(layer)}`);
    for (const file of files) console.log(`file   ${line(file)}`);
    for (const gone of config.before) console.log(`config - ${gone}`);
    for (const come of config.after) console.log(`config + ${come}`);
    for (const layer of unread) console.log(`unread ${layer}: it is in its base's registry`);
  } finally {
    before.close();
    after.close();
  }
}

function line({ name, before, after }: Change): string {
  if (before === undefined) return `+ ${name}  ${formatBytes(after ?? 0)}`;
  if (after === undefined) return `- ${name}  ${formatBytes(before)}`;
  return `~ ${name}  ${formatBytes(before)} → ${formatBytes(after)}`;
}
