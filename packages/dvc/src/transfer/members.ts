import { readFile } from 'node:fs/promises';
import { InvalidFile } from '../errors.ts';
import { type DirectoryEntry, parseDirectory } from '../objects/directory.ts';
import { isDirectory } from '../objects/oid.ts';
import type { Target } from '../workspace/collect.ts';
import { refusePrivate } from '../workspace/look.ts';
import type { Repo } from '../workspace/repo.ts';

/** The files a target stands for, in its directory's object (which must be in the cache) or itself. */
export async function members(repo: Repo, { out, inside }: Target): Promise<DirectoryEntry[]> {
  if (!out.oid) return [];
  if (!isDirectory(out.oid)) {
    if (inside)
      throw new InvalidFile(`'${out.name}' is a file: there is no ${inside} in it`, { file: out.file });
    return [{ oid: out.oid, relpath: '' }];
  }
  const entries = parseDirectory(await readFile(repo.cache.path(out.hash, out.oid)), out.oid);
  for (const { relpath } of entries) refusePrivate(relpath, out.name);
  if (inside === undefined) return entries;
  const chosen = entries.filter(({ relpath }) => relpath === inside || relpath.startsWith(`${inside}/`));
  if (chosen.length === 0)
    throw new InvalidFile(`'${inside}' is not in the tracked directory '${out.name}'`, { file: out.file });
  return chosen;
}
