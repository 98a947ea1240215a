import { randomBytes } from 'node:crypto';
import { lstatSync, realpathSync } from 'node:fs';
import { chmod, constants, copyFile, link, lstat, mkdir, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { DvcError, UnsavedFiles } from '../errors.ts';
import { memberPath, type Out } from '../files/out.ts';
import { type HashName, isDirectory, type Oid } from '../objects/oid.ts';
import { members } from '../transfer/members.ts';
import { eachLimited } from '../transfer/retry.ts';
import type { Target } from '../workspace/collect.ts';
import { look, oidOf, type WorkspaceFile } from '../workspace/look.ts';
import { isInside } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';

/** One out's way from what lies in the workspace to what its pointer says. */
export interface Plan {
  out: Out;
  /** How the out as a whole changes; undefined if it does not. */
  change: 'added' | 'modified' | undefined;
  /** Files to put in place. */
  place: { path: string; oid: Oid; replaces: boolean }[];
  /** Files to take away. */
  remove: string[];
  /** Of those replaced or taken away, the ones whose bytes are kept nowhere else. */
  unsaved: string[];
}

/** Compares the workspace with what a target should be; its objects must be in the cache. Changes nothing. */
export async function planCheckout(repo: Repo, target: Target): Promise<Plan> {
  const { out, inside } = target;
  const plan: Plan = { out, change: undefined, place: [], remove: [], unsaved: [] };
  guardFolder(repo, out);
  const wanted = new Map(
    (await members(repo, target)).map(({ oid, relpath }) => [memberPath(out, relpath), oid]),
  );
  const found = look(repo, out.path);
  const present: WorkspaceFile[] =
    found.kind === 'nothing'
      ? []
      : found.kind === 'directory'
        ? [...found.files, ...found.others]
        : [found.file];
  const isFolder = isDirectory(out.oid!);
  if (found.kind === 'nothing') plan.change = 'added';
  const displace = async (file: WorkspaceFile): Promise<void> => {
    if (!(await isKept(repo, file, out.hash))) plan.unsaved.push(file.path);
  };

  const standing = new Set<string>();
  for (const file of present) {
    const oid = wanted.get(file.path);
    if (oid !== undefined && (await holds(repo, file, out.hash, oid))) standing.add(file.path);
    else if (oid !== undefined) {
      await displace(file);
      plan.place.push({ path: file.path, oid, replaces: true });
      standing.add(file.path);
    } else if (inside === undefined || isBelowWanted(file.path, wanted)) {
      // Under a narrowed target only what stands in the way is touched.
      await displace(file);
      plan.remove.push(file.path);
    }
  }
  if (!isFolder && found.kind === 'directory' && present.length === 0) plan.remove.push(out.path);
  for (const [path, oid] of wanted) if (!standing.has(path)) plan.place.push({ path, oid, replaces: false });
  if (plan.change === undefined && plan.place.length + plan.remove.length > 0) plan.change = 'modified';
  return plan;
}

const isBelowWanted = (path: string, wanted: Map<string, Oid>): boolean =>
  [...wanted.keys()].some((file) => isInside(file, path) || isInside(path, file));

/** The folder an out goes into must really be in the repository: a link on the way could lead anywhere. */
function guardFolder(repo: Repo, out: Out): void {
  for (let at = dirname(out.path); isInside(repo.root, at) && at !== repo.root; at = dirname(at)) {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() && !isInside(repo.root, realpathSync(at)))
      throw new DvcError(`${out.name}: ${at} is a link that leads out of the repository`, { file: out.file });
  }
}

async function holds(repo: Repo, file: WorkspaceFile, hash: HashName, oid: Oid): Promise<boolean> {
  if (file.stat.isSymbolicLink()) return isLinkTo(file.path, repo.cache.path(hash, oid));
  return file.stat.isFile() && (await oidOf(repo, file, hash)) === oid;
}

/** Whether the bytes of a file can be had again: they are in the cache, or it is a link into the cache. */
async function isKept(repo: Repo, file: WorkspaceFile, hash: HashName): Promise<boolean> {
  if (file.stat.isSymbolicLink()) return isLinkInto(file.path, repo.cache.root);
  if (!file.stat.isFile()) return false;
  const oid = await oidOf(repo, file, hash);
  return repo.cache.has(hash, oid);
}

function isLinkTo(path: string, target: string): boolean {
  try {
    return realpathSync(path) === realpathSync(target);
  } catch {
    return false;
  }
}

function isLinkInto(path: string, folder: string): boolean {
  try {
    return isInside(realpathSync(folder), realpathSync(path));
  } catch {
    return false;
  }
}

/** Carries out plans, all or none where files would be lost: throws UnsavedFiles before the first change unless `force`. */
export async function checkout(
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
