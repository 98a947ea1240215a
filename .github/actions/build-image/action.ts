import { type AssembledImage, assemble } from '@mainline/oci';
import { defineAction } from '../lib/action.ts';
import { defaulted, lines, optional, required, text } from '../lib/inputs.ts';
import { type Model, readModel } from '../lib/model.ts';
import { bytes, code, shortDigest, table } from '../lib/summary.ts';

/** Folders → an OCI layout, layers in order of change. */
export const action = defineAction({
  name: 'build-image',
  inputs: {
    base: defaulted('public.ecr.aws/lambda/nodejs:24', text),
    platform: defaulted('linux/amd64', text),
    runtime: optional(text),
    app: required(text),
    model: optional(text),
    command: defaulted('index.handler', lines),
    output: defaulted('.mainline/image', text),
  },
  outputs: ['layout', 'digest', 'size', 'model-name', 'model-version'],

  async perform({ base, platform, runtime, app, model, command, output }, job) {
    const named = model === undefined ? undefined : await readModel(model);
    const image = await assemble({
      ...(base !== 'scratch' && { base: { reference: base } }),
      platform,
      layers: [
        ...(runtime ? [{ name: 'runtime', from: runtime, to: '/var/task' }] : []),
        { name: 'app', from: app, to: '/var/task' },
        ...(model ? [{ name: 'model', from: model, to: '/var/task/model' }] : []),
      ],
      config: { command, ...(named && { labels: labels(named) }) },
      output,
    });
    job.log(`${image.digest} (${bytes(image.sizeBytes)} in ${image.layers.length} layers) in ${output}`);
    return {
      outputs: {
        layout: image.layout,
        digest: image.digest,
        size: image.sizeBytes,
        'model-name': named?.name,
        'model-version': named?.version,
      },
      summary: summarise(image, base, named),
    };
  },
});

function labels({ name, version }: Model): Record<string, string> {
  return { 'dev.mainline.model.name': name, 'dev.mainline.model.version': version };
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
