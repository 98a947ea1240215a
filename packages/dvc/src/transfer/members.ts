import { readFile } from 'node:fs/promises';
import { InvalidFile } from '../errors.ts';
import { type DirectoryEntry, parseDirectory } from '../objects/directory.ts';
import { isDirectory, type Oid } from '../objects/oid.ts';
import { refusePrivate } from '../workspace/look.ts';
import type { Repo } from '../workspace/repo.ts';
import type { Target } from '../workspace/targets.ts';

/** A verb asks for the same thousands of files more than once. */
const known = new WeakMap<Target, { oid: Oid; entries: DirectoryEntry[] }>();

/** The files a target stands for, in its directory's object (which must be in the cache) or itself. */
export async function members(repo: Repo, target: Target): Promise<DirectoryEntry[]> {
  const { oid } = target.out;
  if (!oid) return [];
  const before = known.get(target);
  if (before?.oid === oid) return before.entries;
  const entries = await read(repo, target, oid);
  known.set(target, { oid, entries });
  return entries;
}

async function read(repo: Repo, { out, inside }: Target, oid: Oid): Promise<DirectoryEntry[]> {
  if (!isDirectory(oid)) {
    if (inside)
      throw new InvalidFile(`'${out.name}' is a file: there is no ${inside} in it`, { file: out.file });
    return [{ oid, relpath: '' }];
  }
  const entries = parseDirectory(await readFile(repo.cache.path(out.hash, oid)), oid);
  for (const { relpath } of entries) refusePrivate(relpath, out.name);
  if (inside === undefined) return entries;
  const chosen = entries.filter(({ relpath }) => relpath === inside || relpath.startsWith(`${inside}/`));
  if (chosen.length === 0)
    throw new InvalidFile(`'${inside}' is not in the tracked directory '${out.name}'`, { file: out.file });
  return chosen;
}

/** Whether the cache has everything a target needs, with the right bytes. */
export async function isWhole(repo: Repo, target: Target): Promise<boolean> {
  const { hash, oid } = target.out;
  if (!oid || (await repo.cache.check(hash, oid)) !== 'present') return false;
  for (const member of await members(repo, target))
    if ((await repo.cache.check(hash, member.oid)) !== 'present') return false;
  return true;
}
