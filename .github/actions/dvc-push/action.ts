import { identify, openRepo, type PushResult, push } from '@mainline/dvc';
import { defineAction } from '../lib/action.ts';
import { defaulted, flag, lines, optional, text, wholeNumber } from '../lib/inputs.ts';
import { bytes, code, table } from '../lib/summary.ts';
import { LostObjects } from './lost-objects.ts';

/** DVC pointers → their files, in the remote. */
export const action = defineAction({
  name: 'dvc-push',
  inputs: {
    targets: optional(lines),
    remote: optional(text),
    jobs: optional(wholeNumber(1, 1000)),
    'working-directory': defaulted('.', text),
    repair: defaulted('false', flag),
    'allow-missing': defaulted('false', flag),
  },
  outputs: ['files', 'bytes', 'digest'],

  async perform({ targets, remote, jobs, workingDirectory, repair, allowMissing }, job) {
    const repo = openRepo(workingDirectory);
    const selection = targets ? { targets } : {};
    const identity = identify(repo, selection);
    const result = await push(repo, {
      ...selection,
      repair,
      log: job.log,
      ...(remote && { remote }),
      ...(jobs && { jobs }),
    });
    if (result.missing.length > 0) {
      const lost = new LostObjects(result.missing);
      if (!allowMissing) throw lost;
      for (const { message, file } of lost.failures) job.warn(message, { file });
    }
    return {
      outputs: { files: result.files, bytes: result.sizeBytes, digest: identity.digest },
      summary: summarise(result, identity.outs),
    };
  },
});

/** The job summary of a push: what the remote has now, and what had to travel. */
export function summarise(result: PushResult, outs: { path: string; oid: string }[]): string {
  const repaired = result.repaired > 0 ? `, ${result.repaired} of them in place of corrupt ones` : '';
  const travelled =
    result.files === 0
      ? 'The remote had everything'
      : `Uploaded ${result.files} files, ${bytes(result.sizeBytes)}${repaired}`;
  const rows = outs.map(({ path, oid }) => [code(path), code(oid)]);
  return `### 📤 Data in the remote\n\n${travelled}.\n\n${table(['Path', 'md5'], rows)}\n`;
}
