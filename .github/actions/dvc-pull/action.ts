import { identify, openRepo, type PullResult, pull } from '@mainline/dvc';
import { defineAction } from '../lib/action.ts';
import { defaulted, flag, lines, optional, text, wholeNumber } from '../lib/inputs.ts';
import { bytes, code, table } from '../lib/summary.ts';
import { cacheKey, restoreObjects, saveObjects } from './cached-objects.ts';
import { objectsOf } from './local-objects.ts';
import { gitHubCache } from './runner-cache.ts';

/** DVC pointers → the files they point to. */
export const action = defineAction({
  name: 'dvc-pull',
  inputs: {
    targets: optional(lines),
    remote: optional(text),
    jobs: optional(wholeNumber(1, 1000)),
    'working-directory': defaulted('.', text),
    force: defaulted('false', flag),
    'allow-missing': defaulted('false', flag),
    cache: defaulted('false', flag),
  },
  outputs: ['files', 'bytes', 'digest', 'cache-hit'],

  async perform({ targets, remote, jobs, workingDirectory, force, allowMissing, cache }, job) {
    const repo = openRepo(workingDirectory);
    const identity = identify(repo, targets ? { targets } : {});
    const key = cacheKey(identity, targets);
    // A runner that kept its own .dvc/cache needs no other.
    const kept =
      cache && key && !(await objectsOf(repo, identity.outs)).whole ? await gitHubCache(job.warn) : undefined;
    const isHit = kept && key ? await restoreObjects(repo, kept, key) : false;
    const result = await pull(repo, {
      force,
      allowMissing,
      log: job.log,
      ...(targets && { targets }),
      ...(remote && { remote }),
      ...(jobs && { jobs }),
    });
    for (const { path, change } of result.outs) job.log(`${path} ${change ?? 'is up to date'}`);
    const files = new Map(identity.outs.map(({ path, file }) => [path, file]));
    for (const path of result.missing)
      job.warn(`${path} is missing: neither the cache nor the remote has it`, { file: files.get(path) });
    if (kept && key && !isHit && result.missing.length === 0)
      await saveObjects(repo, kept, key, (await objectsOf(repo, result.outs)).keys);
    return {
      outputs: { files: result.files, bytes: result.sizeBytes, digest: result.digest, 'cache-hit': isHit },
      summary: summarise(result, isHit),
    };
  },
});

/** The job summary of a pull: what is in place now, and what had to travel. */
export function summarise(result: PullResult, isHit: boolean): string {
  const from = isHit ? " (GitHub's cache had it)" : '';
  const travelled =
    result.files === 0
      ? `Nothing had to be downloaded${from}`
      : `Downloaded ${result.files} files, ${bytes(result.sizeBytes)}`;
  const outs = result.outs.map(({ path, oid, change }) => [code(path), code(oid), change ?? 'up to date']);
  const missing = result.missing.map((path) => [code(path), '', '⚠️ missing']);
  return `### 📥 Data in place\n\n${travelled}; every md5 was checked.\n\n${table(['Path', 'md5', ''], [...outs, ...missing])}\n`;
}
