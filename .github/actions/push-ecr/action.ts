import { ECRClient } from '@aws-sdk/client-ecr';
import { type PushResult, parseReference, push } from '@mainline/oci';
import { defineAction } from '../lib/action.ts';
import { defaulted, flag, optional, required, text } from '../lib/inputs.ts';
import { bytes, code, table } from '../lib/summary.ts';
import { findRepository, login } from './repository.ts';

/** OCI layout → ECR, by digest. */
export const action = defineAction({
  name: 'push-ecr',
  inputs: {
    layout: required(text),
    repository: required(text),
    tag: optional(text),
    'create-repository': defaulted('false', flag),
  },
  outputs: ['image', 'digest', 'tag'],

  async perform({ layout, repository, createRepository, ...given }, job) {
    const tag = given.tag ?? job.github.sha;
    const ecr = new ECRClient();
    const uri = await findRepository(ecr, repository, { create: createRepository, log: job.log });
    const { registry } = parseReference(uri);
    const result = await push({
      layout,
      registry,
      repository,
      tag,
      credential: () => login(ecr, job.mask),
      log: job.log,
    });
    return {
      outputs: { image: result.reference, digest: result.digest, tag },
      summary: summarise(result, tag),
    };
  },
});

/** The job summary of a push: where the image is and what had to travel. */
export function summarise(result: PushResult, tag: string | undefined): string {
  const facts = [
    ['Image', code(result.reference)],
    ...(tag ? [['Tag', code(tag)]] : []),
    [
      'Uploaded',
      result.unchanged
        ? 'nothing: it was there already'
        : `${bytes(result.uploadedBytes)} in ${result.uploadedBlobs} blobs (${result.skippedBlobs} there already, ${result.mountedBlobs} mounted)`,
    ],
  ];
  return `### ⬆️ Image pushed\n\n${table(['', ''], facts)}\n`;
}
