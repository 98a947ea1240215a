import { parseArgs } from 'node:util';
import { annotations } from '../manifest.ts';
import { defaultLayout, expectNames, formatBytes } from './arguments.ts';
import { open } from './open.ts';

/** `pnpm image inspect`: what an image is made of. */
export async function inspect(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { platform: { type: 'string' } },
  });
  const [name = defaultLayout] = expectNames(positionals, 0, 1, 'inspect');
  const image = await open(name, values.platform);
  const { manifest, config, digest } = image;
  image.close();
  const facts: [string, string][] = [
    ['digest', digest],
    ['platform', `${config.os}/${config.architecture}`],
    ['command', JSON.stringify(config.config.Cmd ?? [])],
    ['created', config.created ?? 'unknown'],
    ...Object.entries(manifest.annotations ?? {}),
    ...Object.entries(config.config.Labels ?? {}),
  ];
  for (const [fact, value] of facts) console.log(`${fact.padEnd(10)} ${value}`);
  for (const { digest: layer, size, annotations: notes } of manifest.layers)
    console.log(
      `${(notes?.[annotations.layer] ?? 'base').padEnd(10)} ${layer} ${formatBytes(size).padStart(9)}`,
    );
}
