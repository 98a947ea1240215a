import { parseArgs } from 'node:util';
import { push } from '../push.ts';
import { parseReference } from '../reference.ts';
import { dockerCredential } from '../registry/docker-credential.ts';
import { defaultLayout, expectNames, formatBytes, loginFor } from './arguments.ts';

/** `pnpm image push`: a layout → a registry. */
export async function pushVerb(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { layout: { type: 'string', default: defaultLayout } },
  });
  const [target = ''] = expectNames(positionals, 1, 1, 'push');
  const { registry, repository, tag } = parseReference(target);
  const { reference, uploadedBytes } = await push({
    layout: values.layout,
    registry,
    repository,
    tag,
    credential: loginFor(target),
    baseCredential: dockerCredential,
    log: console.log,
  });
  console.log(`${reference}  ${formatBytes(uploadedBytes)} uploaded`);
}
