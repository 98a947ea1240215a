import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Identity, Repo } from '@mainline/dvc';
import { objectKey } from './local-objects.ts';
import type { RunnerCache } from './runner-cache.ts';

/**
 * The key that stands for the objects a pull brings: the md5 itself where there is one, else an md5 over all of them;
 * none if there are none. Targets count where they may be a path in a folder, and ask for a part of it.
 */
export function cacheKey(identity: Identity, targets: string[] = []): string | undefined {
  const oids = [...new Set(identity.outs.map(({ oid }) => oid))].sort();
  if (oids.length === 0) return undefined;
  const parts = targets.filter((target) => !target.endsWith('.dvc')).sort();
  if (oids.length === 1 && parts.length === 0) return `dvc-md5-${oids[0]}`;
  return `dvc-md5-${hash('md5', JSON.stringify([oids, parts]))}`;
}

/**
 * Puts saved objects where the local cache keeps its own, unless it has them. Nothing says that they are right: the
 * local cache hashes each before it believes it, and fetches anew what isn't what its name says.
 */
export async function restoreObjects(repo: Repo, cache: RunnerCache, key: string): Promise<boolean> {
  const folder = await emptyFolder(repo);
  try {
    if (!(await cache.restore(folder, key))) return false;
    for (const found of await filesBelow(folder)) {
      const name = relative(folder, found).split(sep).join('/');
      const path = resolve(repo.cache.root, ...name.split('/'));
      if (!objectKey.test(name) || existsSync(path)) continue;
      await chmod(found, 0o444); // as the local cache has them, whatever the archive says
      await mkdir(dirname(path), { recursive: true });
      await rename(found, path).catch(() => copyNew(found, path)); // a cache.dir on another disk
    }
    return true;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Saves objects of the local cache by their keys; hard links, so that it takes no space here. */
export async function saveObjects(
  repo: Repo,
  cache: RunnerCache,
  key: string,
  objectKeys: string[],
): Promise<void> {
  const folder = await emptyFolder(repo);
  try {
    for (const name of objectKeys) {
      const [from, to] = [join(repo.cache.root, name), join(folder, name)];
      await mkdir(dirname(to), { recursive: true });
      await link(from, to).catch(() => copyFile(from, to));
    }
    await cache.save(folder, key);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same path each time: GitHub takes it for a part of the key. */
async function emptyFolder(repo: Repo): Promise<string> {
  const folder = join(repo.dvcDir, 'tmp', 'mainline', 'runner-cache');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Plain files only: a link in the archive leads nowhere. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function copyNew(from: string, to: string): Promise<void> {
  const temporary = `${to}.${process.pid}.tmp`;
  await copyFile(from, temporary);
  await rename(temporary, to);
}
