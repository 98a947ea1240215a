import { lstatSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { DvcError } from '../errors.ts';
import { memberPath, type Out } from '../files/out.ts';
import { type HashName, isDirectory, type Oid } from '../objects/oid.ts';
import { members } from '../transfer/members.ts';
import { look, oidOf, type WorkspaceFile } from '../workspace/look.ts';
import { isInside } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import type { Target } from '../workspace/targets.ts';

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

/**
 * Compares the workspace with what a target should be; its objects must be in the cache. Changes nothing.
 * With `relink`, files that are as they should be are to be made anew all the same.
 */
export async function planCheckout(repo: Repo, target: Target, relink = false): Promise<Plan> {
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

  const settled = new Set<string>();
  const settle = async (file: WorkspaceFile, oid: Oid): Promise<void> => {
    settled.add(file.path);
    const isRight = await holds(repo, file, out.hash, oid);
    if (!isRight) await displace(file);
    if (!isRight || relink) plan.place.push({ path: file.path, oid, replaces: true });
  };
  for (const file of present) {
    const oid = wanted.get(file.path);
    if (oid !== undefined) await settle(file, oid);
    else if (inside === undefined || isBelowWanted(file.path, wanted)) {
      // Under a narrowed target only what stands in the way is touched.
      await displace(file);
      plan.remove.push(file.path);
    }
  }
  if (!isFolder && found.kind === 'directory' && present.length === 0) plan.remove.push(out.path);
  for (const [path, oid] of wanted) {
    if (settled.has(path)) continue;
    // Looking leaves out what .dvcignore names and other repositories' files: those must not be lost either.
    const stat = found.kind === 'nothing' ? undefined : lstatSync(path, { throwIfNoEntry: false });
    if (stat && !stat.isDirectory()) await settle({ path, relpath: '', stat }, oid);
    else plan.place.push({ path, oid, replaces: false });
  }
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
