import { parseArgs } from 'node:util';
import { lock, lockFile } from '../lock.ts';
import { dockerCredential } from '../registry/docker-credential.ts';

/** `pnpm image lock`: pins bases to the digests their tags have now. */
export async function lockVerb(args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const pins = await lock(positionals, { credential: (registry) => () => dockerCredential(registry) });
  for (const { reference, before, after } of pins)
    console.log(`${reference}  ${before === after ? 'unchanged' : `${before ?? 'new'} → ${after}`}`);
  if (pins.length === 0) console.log(`${lockFile} pins nothing yet: pnpm image lock REFERENCE`);
}
