import { openRepo, type PullResult, pull } from '@mainline/dvc';
import { defineAction } from '../lib/action.ts';
import { defaulted, flag, lines, optional, text, wholeNumber } from '../lib/inputs.ts';
import { bytes, code, table } from '../lib/summary.ts';

/** DVC pointers → the files they point to. */
export const action = defineAction({
  name: 'dvc-pull',
  inputs: {
    targets: optional(lines),
    remote: optional(text),
    jobs: optional(wholeNumber(1, 1000)),
    'working-directory': defaulted('.', text),
    force: defaulted('false', flag),
  },
  outputs: ['files', 'bytes', 'digest'],

  async perform({ targets, remote, jobs, workingDirectory, force }, job) {
    const result = await pull(openRepo(workingDirectory), {
      force,
      log: job.log,
      ...(targets && { targets }),
      ...(remote && { remote }),
      ...(jobs && { jobs }),
    });
    for (const { path, change } of result.outs) job.log(`${path} ${change ?? 'is up to date'}`);
    return {
      outputs: { files: result.files, bytes: result.sizeBytes, digest: result.digest },
      summary: summarise(result),
    };
  },
});

/** The job summary of a pull: what is in place now, and what had to travel. */
export function summarise(result: PullResult): string {
  const travelled =
    result.files === 0
      ? 'Nothing had to be downloaded'
      : `Downloaded ${result.files} files, ${bytes(result.sizeBytes)}`;
  const outs = result.outs.map(({ path, oid, change }) => [code(path), code(oid), change ?? 'up to date']);
  return `### 📥 Data in place\n\n${travelled}; every md5 was checked.\n\n${table(['Path', 'md5', ''], outs)}\n`;
}
