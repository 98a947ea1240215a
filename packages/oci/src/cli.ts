import { parseArgs } from 'node:util';
import { assemble } from './assemble.ts';
import { OciError } from './errors.ts';
import type { LayerSource } from './layer/list-tree.ts';
import { readLayout } from './layout/layout.ts';
import { annotations } from './manifest.ts';
import { push } from './push.ts';
import { parseReference } from './reference.ts';

const usage = `pnpm image <verb>

  build    --layer NAME=FOLDER:PATH … --command WORD … [--base REFERENCE] [--platform linux/amd64]
           [--env NAME=VALUE …] [--label NAME=VALUE …] [--output .mainline/image]
  inspect  [LAYOUT]
  push     REGISTRY/REPOSITORY[:TAG] [--layout .mainline/image]

A login comes from REGISTRY_USERNAME and REGISTRY_PASSWORD, if the registry wants one.

  pnpm image build --base public.ecr.aws/lambda/nodejs:24 --layer app=dist/app:/var/task --command index.handler
`;

const defaultLayout = '.mainline/image';

async function build(args: string[]) {
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
  if (values.layer.length === 0 || values.command.length === 0)
    throw new OciError('build needs at least one --layer and a --command.', { hint: usage });
  const credential = login();
  const image = await assemble({
    base: values.base ? { reference: values.base, ...(credential ? { credential } : {}) } : undefined,
    platform: values.platform,
    layers: values.layer.map(parseLayer),
    config: { command: values.command, env: parsePairs(values.env), labels: parsePairs(values.label) },
    output: values.output,
  });
  console.log(
    `${image.layout}\n${image.digest}\n${image.layers.length} layers, ${megabytes(image.sizeBytes)}`,
  );
}

async function inspect(args: string[]) {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const { descriptor, manifest, config, base } = await readLayout(positionals[0] ?? defaultLayout);
  console.log(descriptor.digest);
  console.log(`${config.os}/${config.architecture}, command ${JSON.stringify(config.config.Cmd ?? [])}`);
  if (base) console.log(`base ${base}`);
  for (const layer of manifest.layers)
    console.log(
      `${layer.digest}  ${megabytes(layer.size).padStart(9)}  ${layer.annotations?.[annotations.layer] ?? 'base'}`,
    );
}

async function pushLayout(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { layout: { type: 'string', default: defaultLayout } },
  });
  if (!positionals[0]) throw new OciError('push needs to know where to.', { hint: usage });
  const { registry, repository, tag } = parseReference(positionals[0]);
  const result = await push({
    layout: values.layout,
    registry,
    repository,
    tag,
    credential: login(),
    log: console.log,
  });
  console.log(`${result.reference}\n${megabytes(result.uploadedBytes)} uploaded`);
}

function parseLayer(text: string): LayerSource {
  const match = text.match(/^([^=]+)=(.+):(\/[^:]*)$/);
  if (!match) throw new OciError(`--layer ${text} is not NAME=FOLDER:/PATH.`);
  return { name: match[1]!, from: match[2]!, to: match[3]! };
}

function parsePairs(texts: string[]): Record<string, string> {
  const pairs = texts.map((text) => {
    const equals = text.indexOf('=');
    if (equals < 1) throw new OciError(`${JSON.stringify(text)} is not NAME=VALUE.`);
    return [text.slice(0, equals), text.slice(equals + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

function login() {
  const { REGISTRY_USERNAME: username, REGISTRY_PASSWORD: password } = process.env;
  return username && password ? { username, password } : undefined;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

const verbs: Record<string, (args: string[]) => Promise<void>> = { build, inspect, push: pushLayout };

const [verb = 'help', ...args] = process.argv.slice(2);
const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
if (!run) {
  console.log(usage);
  process.exitCode = ['help', '--help', '-h'].includes(verb) ? 0 : 1;
} else
  await run(args).catch((error: unknown) => {
    const isOurs = error instanceof OciError || (error instanceof TypeError && 'code' in error);
    console.error(isOurs ? error.message : error);
    process.exitCode = 1;
  });
