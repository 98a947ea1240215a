import { build } from './cli/build.ts';
import { diffVerb } from './cli/diff.ts';
import { inspect } from './cli/inspect.ts';
import { lintVerb } from './cli/lint.ts';
import { lockVerb } from './cli/lock.ts';
import { pullVerb } from './cli/pull.ts';
import { pushVerb } from './cli/push.ts';
import { OciError } from './errors.ts';

const usage = `pnpm image <verb>

  build    --layer NAME=FOLDER:/PATH … --command WORD … [--base IMAGE] [--platform linux/amd64]
           [--env NAME=VALUE …] [--label NAME=VALUE …] [--output .mainline/image]
  lint     [IMAGE] [--architecture x86_64|arm64]      what Lambda would refuse, before it is pushed
  inspect  [IMAGE]                                    layers, files and config
  diff     IMAGE IMAGE                                layers, files and sizes that tell two images apart
  push     REGISTRY/REPOSITORY[:TAG] [--layout .mainline/image]
  pull     IMAGE [--output .mainline/image] [--platform linux/amd64]
  lock     [IMAGE …]                                  pin bases in image.lock.json; without names: move all pins

IMAGE is a layout's folder (.mainline/image when left out) or a reference in a registry. A base may also be
oci:FOLDER or docker-archive:FILE. Logins are Docker's own: docker login REGISTRY.

  pnpm image build --base public.ecr.aws/lambda/nodejs:24 --layer app=dist/app:/var/task --command index.handler
`;

const verbs: Record<string, (args: string[]) => Promise<void>> = {
  build,
  lint: lintVerb,
  inspect,
  diff: diffVerb,
  push: pushVerb,
  pull: pullVerb,
  lock: lockVerb,
};

const [verb = 'help', ...args] = process.argv.slice(2);
const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
if (run)
  await run(args).catch((error: unknown) => {
    // parseArgs and the file system say what is wrong in one line; only what nobody foresaw needs its stack.
    const isSaid = error instanceof OciError || (error instanceof Error && 'code' in error);
    console.error(isSaid ? error.message : error);
    process.exitCode = 1;
  });
else {
  const isAsked = ['help', '--help', '-h'].includes(verb);
  if (!isAsked) console.error(`There is no verb ${verb}.\n`);
  console[isAsked ? 'log' : 'error'](usage);
  process.exitCode = isAsked ? 0 : 1;
}
