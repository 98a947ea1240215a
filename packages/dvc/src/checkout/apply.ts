import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DvcError, UnsavedFiles } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { isDirectory, type Oid } from '../objects/oid.ts';
import { eachLimited } from '../transfer/retry.ts';
import { isInside } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { Linker } from './linker.ts';
import type { Plan } from './plan.ts';

/** Carries out plans, all or none where files would be lost: throws UnsavedFiles before the first change unless `force`. */
export async function applyPlans(
  repo: Repo,
  plans: Plan[],
  options: { force: boolean; jobs: number },
): Promise<void> {
  const unsaved = plans.flatMap((plan) => plan.unsaved);
  if (unsaved.length > 0 && !options.force) throw new UnsavedFiles(unsaved);
  if (
    plans.every(
      ({ out, place, remove }) =>
        place.length + remove.length === 0 && lstatSync(out.path, { throwIfNoEntry: false }),
    )
  )
    return;
  // Files are made here and renamed into place: a half-written one is never seen in the workspace.
  const folder = join(repo.dvcDir, 'tmp', 'mainline', 'checkout');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const linker = new Linker(repo.config.cacheTypes);
  try {
    for (const plan of plans) {
      for (const path of plan.remove) {
        if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) removeFolders(path);
        else rmSync(path, { force: true });
        removeEmptyFolders(dirname(path), plan.out.path);
      }
      if (isDirectory(plan.out.oid!)) mkdirSync(plan.out.path, { recursive: true });
      for (const parent of new Set(plan.place.map(({ path }) => dirname(path))))
        mkdirSync(parent, { recursive: true });
      let count = 0;
      const [failure] = await eachLimited(plan.place, options.jobs, ({ path, oid }) =>
        place(repo, linker, plan.out, path, oid, join(folder, String(count++))),
      );
      if (failure) throw failure;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function removeEmptyFolders(folder: string, top: string): void {
  for (let at = folder; at !== top && isInside(top, at); at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch {
      // It holds something else.
      return;
    }
  }
}

/** Takes away folders that hold nothing but folders; anything else in them is nobody's to delete. */
function removeFolders(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (!entry.isDirectory())
      throw new DvcError(`a file belongs at ${path}, but the folder there holds ${entry.name}`, {
        hint: 'move it away: it is not tracked, so it is not deleted',
      });
    removeFolders(join(path, entry.name));
  }
  rmdirSync(path);
}

/** Puts one file in place in a single step, in the first way of `cache.type` that works here. */
async function place(
  repo: Repo,
  linker: Linker,
  out: Out,
  path: string,
  oid: Oid,
  fresh: string,
): Promise<void> {
  const way = await linker.make(repo.cache.path(out.hash, oid), fresh, path, out.isExecutable);
  try {
    renameSync(fresh, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'EXDEV') {
      // The workspace is on another disk than .dvc/tmp: the last step has to start from beside the file.
      const beside = join(dirname(path), `.${oid.slice(0, 22)}.tmp`);
      await copyFile(fresh, beside);
      renameSync(beside, path);
    } else if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      removeFolders(path);
      renameSync(fresh, path);
    } else throw error;
  }
  if (way !== 'symlink') repo.state.set(path, out.hash, lstatSync(path), oid, true);
}
