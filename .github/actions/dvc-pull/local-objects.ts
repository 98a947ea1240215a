import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Repo } from '@mainline/dvc';

/** Objects as a cache lays them out, from its root by `/`: `files/md5/ab/cd…`, or `ab/cd…` for those of DVC 2. */
export const objectKey = /^(files\/md5\/)?[0-9a-f]{2}\/[0-9a-f]{30}(\.dir)?$/;

/** Of objects, and of the members of folders that the local cache has, the keys of those it has. */
export interface Objects {
  keys: string[];
  /** Whether it has them all. */
  whole: boolean;
}

/** Looks up objects in the local cache; their bytes are not read, but for the lists of folders. */
export async function objectsOf(repo: Repo, outs: { oid: string }[]): Promise<Objects> {
  const found = new Map<string, string | undefined>();
  for (const { oid } of outs) {
    const path = locate(repo, oid);
    found.set(oid, path);
    if (path && oid.endsWith('.dir'))
      for (const member of await listed(path)) found.set(member, locate(repo, member));
  }
  const keys = [...found.values()].flatMap((path) => (path ? [keyOf(repo, path)] : []));
  return { keys, whole: keys.length === found.size };
}

function locate(repo: Repo, oid: string): string | undefined {
  return (['md5', 'md5-dos2unix'] as const).map((hash) => repo.cache.path(hash, oid)).find(existsSync);
}

function keyOf(repo: Repo, path: string): string {
  return relative(repo.cache.root, path).split(sep).join('/');
}

/** The md5s in a folder's object. One that is no JSON lists nothing: the verb will find it corrupt. */
async function listed(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  return [...text.matchAll(/"md5": ?"([0-9a-f]{32})"/g)].map((match) => match[1]!);
}
