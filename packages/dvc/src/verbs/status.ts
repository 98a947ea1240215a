import { describe, type Out } from '../files/out.ts';
import { encodeDirectory } from '../objects/directory.ts';
import { isDirectory } from '../objects/oid.ts';
import { collect, selectTargets } from '../workspace/collect.ts';
import { look, oidOf } from '../workspace/look.ts';
import { posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { planCheckout } from './checkout.ts';

/** How an out differs from what its pointer says. */
export type OutState = 'modified' | 'deleted' | 'new' | 'not in cache';

/** Per pointer file (from where the repository was opened), the outs that differ. */
export type Status = Record<string, { 'changed outs': Record<string, OutState> }[]>;

/** Compares the workspace with the pointers; empty if all is as they say. */
export async function status(repo: Repo, options: { targets?: string[] } = {}): Promise<Status> {
  const result: Status = {};
  try {
    for (const { out } of selectTargets(repo, collect(repo), options.targets ?? [])) {
      const state = await stateOf(repo, out);
      if (!state) continue;
      const name = posixRelative(repo.cwd, out.file);
      result[name] ??= [{ 'changed outs': {} }];
      result[name][0]!['changed outs'][describe(out, repo.cwd)] = state;
    }
    return result;
  } finally {
    repo.state.save();
  }
}

async function stateOf(repo: Repo, out: Out): Promise<OutState | undefined> {
  const found = look(repo, out.path);
  if (!out.oid) return found.kind === 'nothing' ? 'deleted' : 'new';
  // Order as in DVC: whether the cache could restore it comes first.
  if (found.kind === 'nothing') return (await repo.cache.has(out.hash, out.oid)) ? 'deleted' : 'not in cache';
  if (!(await repo.cache.has(out.hash, out.oid))) return 'not in cache';
  if (isDirectory(out.oid)) {
    if (found.kind !== 'directory' || found.others.length > 0) return 'modified';
    const entries = await Promise.all(
      found.files.map(async (file) => ({ oid: await oidOf(repo, file, out.hash), relpath: file.relpath })),
    );
    return encodeDirectory(entries).oid === out.oid ? undefined : 'modified';
  }
  const plan = await planCheckout(repo, { out });
  return plan.change && 'modified';
}
