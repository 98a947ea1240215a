import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { chmod, constants, copyFile, link, lstat, mkdir, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { UnsavedFiles } from '../errors.ts';
import type { Out } from '../files/out.ts';
import { isDirectory, type Oid } from '../objects/oid.ts';
import { eachLimited } from '../transfer/retry.ts';
import { isInside } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import type { Plan } from './plan.ts';

/** Carries out plans, all or none where files would be lost: throws UnsavedFiles before the first change unless `force`. */
export async function applyPlans(
  repo: Repo,
  plans: Plan[],
  options: { force: boolean; jobs: number },
): Promise<void> {
  const unsaved = plans.flatMap((plan) => plan.unsaved);
  if (unsaved.length > 0 && !options.force) throw new UnsavedFiles(unsaved);
  const temporary = join(repo.dvcDir, 'tmp', 'mainline', `checkout-${process.pid}`);
  await mkdir(temporary, { recursive: true });
  try {
    for (const plan of plans) {
      for (const path of plan.remove) {
        await rm(path, { recursive: true, force: true });
        await removeEmptyFolders(dirname(path), plan.out.path);
      }
      if (isDirectory(plan.out.oid!)) await mkdir(plan.out.path, { recursive: true });
      const folders = new Set(plan.place.map(({ path }) => dirname(path)));
      for (const folder of folders) await mkdir(folder, { recursive: true });
      const [failure] = await eachLimited(plan.place, options.jobs, ({ path, oid }) =>
        place(repo, plan.out, path, oid, temporary),
      );
      if (failure) throw failure;
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function removeEmptyFolders(folder: string, top: string): Promise<void> {
  for (let at = folder; at !== top && isInside(top, at); at = dirname(at))
    if (
      !(await rmdir(at).then(
        () => true,
        () => false,
      ))
    )
      return;
}

/** Puts one file in place in a single step, in the first way of `cache.type` that works here. */
async function place(repo: Repo, out: Out, path: string, oid: Oid, temporary: string): Promise<void> {
  const source = repo.cache.path(out.hash, oid);
  const fresh = join(temporary, randomBytes(12).toString('base64url'));
  const type = await materialise(repo, source, fresh, path);
  if (type === 'copy')
    await chmod(fresh, (0o666 & ~process.umask() & 0o777) | (out.isExecutable ? 0o100 : 0));
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing?.isDirectory()) await rm(path, { recursive: true });
  try {
    await rename(fresh, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    // The workspace is on another disk than .dvc/tmp: the last step has to start from beside the file.
    const beside = join(dirname(path), `.${randomBytes(16).toString('base64url')}.tmp`);
    await copyFile(fresh, beside);
    await rename(beside, path);
  }
  if (type !== 'symlink') repo.state.set(path, out.hash, await lstat(path), oid, true);
}

async function materialise(
  repo: Repo,
  source: string,
  fresh: string,
  path: string,
): Promise<'copy' | 'link' | 'symlink'> {
  for (const type of repo.config.cacheTypes) {
    try {
      if (type === 'reflink')
        await copyFile(source, fresh, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
      else if (type === 'hardlink') await link(source, fresh);
      else if (type === 'symlink') await symlink(relative(dirname(path), source), fresh);
      else break;
      return type === 'reflink' ? 'copy' : type === 'hardlink' ? 'link' : 'symlink';
    } catch {
      await rm(fresh, { force: true });
    }
  }
  await copyFile(source, fresh, constants.COPYFILE_EXCL);
  return 'copy';
}
