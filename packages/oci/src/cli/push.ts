import { parseArgs } from 'node:util';
import { readLayout } from '../layout/layout.ts';
import { push } from '../push.ts';
import { parseReference } from '../reference.ts';
import { defaultLayout, expectNames, loginFor, megabytes } from './arguments.ts';

/** `pnpm image push`: a layout → a registry. */
export async function pushVerb(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { layout: { type: 'string', default: defaultLayout } },
  });
  const [target = ''] = expectNames(positionals, 1, 1, 'push');
  const { registry, repository, tag } = parseReference(target);
  const { base } = await readLayout(values.layout);
  const { reference, uploadedBytes } = await push({
    layout: values.layout,
    registry,
    repository,
    tag,
    credential: loginFor(target),
    ...(base ? { baseCredential: loginFor(base) } : {}),
    log: console.log,
  });
  console.log(`${reference}  ${megabytes(uploadedBytes)} uploaded`);
}
