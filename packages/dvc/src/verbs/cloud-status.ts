import { Unsupported } from '../errors.ts';
import { describe } from '../files/out.ts';
import { isDirectory, objectKey } from '../objects/oid.ts';
import { noRemote, Remotes } from '../stores/remote.ts';
import { isThere } from '../transfer/is-there.ts';
import { members } from '../transfer/members.ts';
import { eachLimited } from '../transfer/retry.ts';
import { collect } from '../workspace/collect.ts';
import type { Repo } from '../workspace/repo.ts';
import { selectTargets } from '../workspace/targets.ts';
import { defaultJobs, type FetchOptions } from './fetch.ts';

/** Where an object is: only in the cache, only in the remote, or in neither. */
export type CloudState = 'new' | 'deleted' | 'missing';

/** Per object that is not in both cache and remote, under the name of the first file that has it. */
export async function cloudStatus(
  repo: Repo,
  options: FetchOptions = {},
): Promise<{ remote: string; objects: Record<string, CloudState> }> {
  const remotes = new Remotes(repo, options.remote);
  const named = remotes.named();
  if (!named) throw noRemote(repo, 'status');
  const wanted = new Map<
    string,
    { name: string; hash: 'md5' | 'md5-dos2unix'; oid: string; remote: typeof named }
  >();
  for (const target of selectTargets(repo, collect(repo), options)) {
    const { out } = target;
    const remote = remotes.for(out);
    if (!out.cache || !out.oid || !remote) continue;
    if (remote.versioned)
      throw new Unsupported(`'status' is unsupported for cloud versioned remotes`, {
        hint: 'see what `pull` would bring',
      });
    const name = describe(out, repo.cwd);
    const want = (oid: string, as: string): void => {
      if (!wanted.has(`${out.hash}:${oid}`))
        wanted.set(`${out.hash}:${oid}`, { name: as, hash: out.hash, oid, remote });
    };
    want(out.oid, name);
    if (isDirectory(out.oid) && (await repo.cache.check(out.hash, out.oid)) === 'present')
      for (const member of await members(repo, target)) want(member.oid, `${name}/${member.relpath}`);
  }
  const objects: Record<string, CloudState> = {};
  const failures = await eachLimited(
    wanted.values(),
    options.jobs || named.jobs || defaultJobs,
    async ({ name, hash, oid, remote }) => {
      const here = (await repo.cache.check(hash, oid)) === 'present';
      const there = await isThere(remote.store, objectKey(hash, oid));
      if (here !== there) objects[name] = here ? 'new' : 'deleted';
      else if (!here) objects[name] = 'missing';
    },
  );
  if (failures[0]) throw failures[0];
  return { remote: named.name, objects: Object.fromEntries(Object.entries(objects).sort()) };
}
