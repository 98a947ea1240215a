import { lstatSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { memberPath, type Out } from '../files/out.ts';
import type { DirectoryEntry } from '../objects/directory.ts';
import type { Repo } from '../workspace/repo.ts';
import { applyPlans } from './apply.ts';

/**
 * After a commit, makes workspace files what `cache.type` says: links into the cache where it says so. Under plain
 * copies only links that were added are replaced, by the files they led to, as DVC leaves them.
 */
export async function relink(repo: Repo, out: Out, entries: DirectoryEntry[], jobs: number): Promise<void> {
  const linking = repo.config.cacheTypes[0] === 'hardlink' || repo.config.cacheTypes[0] === 'symlink';
  const place = entries
    .map(({ oid, relpath }) => ({ path: memberPath(out, relpath), oid, replaces: true }))
    .filter(({ path }) => linking || lstatSync(path).isSymbolicLink());
  if (place.length === 0) return;
  await applyPlans(repo, [{ out, change: 'modified', place, remove: [], unsaved: [] }], {
    force: true,
    jobs,
  });
  if (!linking && !out.isExecutable)
    for (const { path } of place) await chmod(path, 0o666 & ~process.umask());
}
