import { ECRClient } from '@aws-sdk/client-ecr';
import { dockerCredential, type PushResult, parseReference, push } from '@mainline/oci';
import { defineAction } from '../lib/action.ts';
import { defaulted, flag, lines, optional, required, text } from '../lib/inputs.ts';
import { bytes, code, table } from '../lib/summary.ts';
import { refuseUnfit } from './lint.ts';
import { findRepository, login } from './repository.ts';

/** OCI layout → ECR, by digest. */
export const action = defineAction({
  name: 'push-ecr',
  inputs: {
    layout: required(text),
    repository: required(text),
    tag: optional(text),
    'create-repository': defaulted('false', flag),
    allow: optional(lines),
  },
  outputs: ['image', 'digest', 'tag'],

  async perform({ layout, repository, createRepository, allow = [], ...given }, job) {
    const tag = given.tag ?? job.github.sha;
    for (const { where, problem, fix } of await refuseUnfit(layout, allow))
      job.warn(`${where}: ${problem}\n${fix}`);
    const ecr = new ECRClient();
    const uri = await findRepository(ecr, repository, { create: createRepository, log: job.log });
    const { registry } = parseReference(uri);
    const result = await push({
      layout,
      registry,
      repository,
      tag,
      credential: () => login(ecr, job.mask),
      baseCredential: dockerCredential,
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
