import { parseArgs } from 'node:util';
import { pull } from '../pull.ts';
import { defaultLayout, expectNames, loginFor } from './arguments.ts';

/** `pnpm image pull`: an image in a registry → a layout. */
export async function pullVerb(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { output: { type: 'string', default: defaultLayout }, platform: { type: 'string' } },
  });
  const [reference = ''] = expectNames(positionals, 1, 1, 'pull');
  const { layout, digest } = await pull({ reference, ...values, credential: loginFor(reference) });
  console.log(`${digest}  in ${layout}`);
}
