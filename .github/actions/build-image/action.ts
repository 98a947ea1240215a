import { exec } from '@actions/exec';
import {
  type AssembledImage,
  assemble,
  dockerBuild,
  dockerCredential,
  lockFile,
  parseReference,
  pinned,
} from '@mainline/oci';
import { defineAction } from '../lib/action.ts';
import { defaulted, lines, oneOf, optional, text } from '../lib/inputs.ts';
import { type Model, readModel } from '../lib/model.ts';
import { bytes, code, shortDigest, table } from '../lib/summary.ts';
import { readProvenance } from './commit.ts';

/** Folders → an OCI layout, layers in order of change. */
export const action = defineAction({
  name: 'build-image',
  inputs: {
    base: defaulted('public.ecr.aws/lambda/nodejs:24', text),
    lock: defaulted(lockFile, text),
    platform: defaulted('linux/amd64', text),
    runtime: optional(text),
    app: optional(text),
    model: optional(text),
    entrypoint: optional(lines),
    command: defaulted('index.handler', lines),
    output: defaulted('.mainline/image', text),
    builder: defaulted('native', oneOf('native', 'docker')),
    context: defaulted('.', text),
    dockerfile: optional(text),
  },
  outputs: ['layout', 'digest', 'size', 'model-name', 'model-version'],

  async perform(inputs, job) {
    const { base, lock, platform, runtime, app, model, entrypoint, command, output, ...docker } = inputs;
    const named = model === undefined ? undefined : await readModel(model);
    const reference = base === 'scratch' ? base : await pinned(base, lock);
    const { annotations, created } = await readProvenance(job.github);
    const build = async () => {
      if (docker.builder === 'docker')
        return await dockerBuild({
          context: docker.context,
          dockerfile: docker.dockerfile,
          platform,
          buildArguments: { BASE: reference },
          annotations,
          output,
          run: (program, args) => exec(program, args, { ignoreReturnCode: true }),
        });
      if (!app) throw new Error('Input "app" is required, unless builder is docker.');
      return await assemble({
        ...(base !== 'scratch' && { base: { reference, credential: () => login(reference) } }),
        platform,
        layers: [
          ...(runtime ? [{ name: 'runtime', from: runtime, to: '/var/task', sbom: [] }] : []),
          { name: 'app', from: app, to: '/var/task', sbom: [] },
          ...(model ? [{ name: 'model', from: model, to: '/var/task/model', sbom: component(named) }] : []),
        ],
        config: {
          command,
          ...(entrypoint && { entrypoint }),
          ...(named && { labels: labels(named) }),
        },
        annotations,
        ...(created && { created }),
        output,
      });
    };
    const image = await build();
    job.log(`${image.digest} (${bytes(image.sizeBytes)} in ${image.layers.length} layers) in ${output}`);
    return {
      outputs: {
        layout: image.layout,
        digest: image.digest,
        size: image.sizeBytes,
        'model-name': named?.name,
        'model-version': named?.version,
      },
      summary: summarise(image, reference, named),
    };
  },
});

/** What `docker login` left, for a base that isn't public. */
const login = (reference: string) => dockerCredential(parseReference(reference).registry);

function labels({ name, version }: Model): Record<string, string> {
  return { 'dev.mainline.model.name': name, 'dev.mainline.model.version': version };
}

/** The model in its layer's bill of materials. */
function component(model: Model | undefined) {
  return model ? [{ type: 'machine-learning-model' as const, name: model.name, version: model.version }] : [];
}

/** The job summary of a build: what is in the image. */
export function summarise(image: AssembledImage, base: string, model: Model | undefined): string {
  const facts = [
    ['Digest', shortDigest(image.digest)],
    ['Size', `${bytes(image.sizeBytes)} in ${image.layers.length} layers`],
    ['Base', code(base)],
    ...(model ? [['Model', `${model.name} ${code(model.version)}`]] : []),
  ];
  return `### 📦 Image built\n\n${table(['', ''], facts)}\n`;
}
