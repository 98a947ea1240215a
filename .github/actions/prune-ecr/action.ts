import { ECRClient } from '@aws-sdk/client-ecr';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { defineAction } from '../lib/action.ts';
import { defaulted, flag, lines, optional, required, text, wholeNumber } from '../lib/inputs.ts';
import { bytes, code, shortDigest, table } from '../lib/summary.ts';
import { type Decision, plan } from './plan.ts';
import { deleteImages, storedImages } from './stored-images.ts';
import { usedImages } from './used-images.ts';

/** Old images of a repository → gone, unless a function may still run them. */
export const action = defineAction({
  name: 'prune-ecr',
  inputs: {
    repository: required(text),
    keep: defaulted('10', wholeNumber(0, 100_000)),
    'older-than-days': defaulted('30', wholeNumber(0, 36_500)),
    'keep-tags': optional(lines),
    'dry-run': defaulted('true', flag),
  },
  outputs: ['deleted', 'kept', 'freed'],

  async perform({ repository, keep, olderThanDays, keepTags = [], dryRun }, job) {
    const [ecr, lambda] = [new ECRClient(), new LambdaClient()];
    // Images first: one that is deployed after this look is not in the list.
    const images = await storedImages(ecr, repository);
    const used = await usedImages(lambda);
    const decisions = plan(images, { keep, olderThanDays, keepTags, used, now: new Date() });
    for (const { image, verdict, reason } of decisions)
      job.log(`${verdict.padEnd(6)} ${image.digest} ${image.tags.join(',') || '(no tag)'}: ${reason}`);
    const doomed = decisions.filter(({ verdict }) => verdict === 'delete').map(({ image }) => image);
    if (!dryRun)
      await deleteImages(
        ecr,
        repository,
        doomed.map(({ digest }) => digest),
      );
    return {
      outputs: {
        deleted: dryRun ? 0 : doomed.length,
        kept: dryRun ? images.length : images.length - doomed.length,
        freed: dryRun ? 0 : doomed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      },
      summary: summarise(repository, decisions, dryRun),
    };
  },
});

/** The job summary of a pruning: what went or would go, and why the rest stays. */
export function summarise(repository: string, decisions: Decision[], dryRun: boolean): string {
  const doomed = decisions.filter(({ verdict }) => verdict === 'delete');
  const size = bytes(doomed.reduce((sum, { image }) => sum + image.sizeBytes, 0));
  const words = dryRun
    ? `would delete ${doomed.length} (a dry run deletes nothing)`
    : `deleted ${doomed.length}`;
  const rows = decisions.map(({ image, verdict, reason }) => [
    verdict === 'delete' ? '🗑️' : '',
    shortDigest(image.digest),
    image.tags.join(', '),
    Number.isNaN(image.pushedAt.getTime()) ? '' : image.pushedAt.toISOString().slice(0, 10),
    bytes(image.sizeBytes),
    reason,
  ]);
  return [
    `### 🧹 ${code(repository)}: ${words} of ${decisions.length} images, ${size}`,
    table(['', 'Image', 'Tags', 'Pushed', 'Size', 'Why'], rows),
    '',
  ].join('\n\n');
}
