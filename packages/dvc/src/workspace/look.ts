import { type Dirent, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { DvcError } from '../errors.ts';
import { isPrivate } from '../files/out.ts';
import { hashFile } from '../objects/hash.ts';
import type { HashName, Oid } from '../objects/oid.ts';
import { Ignore } from './ignore.ts';
import { posixRelative } from './relpath.ts';
import type { Repo } from './repo.ts';

/** A file as it lies in the workspace. */
export interface WorkspaceFile {
  path: string;
  /** From the directory it was found in, by `/`; empty if it is itself what was asked about. */
  relpath: string;
  stat: Stats;
}

/** What is at `path`: nothing, one file, a directory with its files, or something that is neither (`other`, as symlinks are). */
export type Found =
  | { kind: 'nothing' }
  | { kind: 'file'; file: WorkspaceFile }
  | { kind: 'directory'; files: WorkspaceFile[]; others: WorkspaceFile[] }
  | { kind: 'other'; file: WorkspaceFile };

/** The repository's `.dvcignore` rules. */
export const dvcIgnore = (repo: Repo): Ignore =>
  new Ignore(repo.root, '.dvcignore', ['.hg/', '.git/', '.git', '.dvc/']);

/**
 * Looks at a path and everything in it that `.dvcignore` leaves. Symlinked files count as files where `follow`
 * is set (as `add` does); symlinked directories, and links otherwise, are `others`.
 */
export function look(repo: Repo, path: string, options: { follow?: boolean; ignore?: Ignore } = {}): Found {
  const own = lstatSync(path, { throwIfNoEntry: false });
  if (!own) return { kind: 'nothing' };
  const stat = own.isSymbolicLink() && options.follow ? statSync(path, { throwIfNoEntry: false }) : own;
  if (!stat) throw new DvcError(`${path} is a link to nothing`);
  if (stat.isFile()) return { kind: 'file', file: { path, relpath: '', stat } };
  if (!stat.isDirectory()) return { kind: 'other', file: { path, relpath: '', stat } };
  const ignore = options.ignore ?? dvcIgnore(repo);
  const files: WorkspaceFile[] = [];
  const others: WorkspaceFile[] = [];
  const base = posixRelative(repo.root, path);
  const visit = (folder: string, prefix: string): void => {
    const entries = readNames(folder);
    // A repository inside is another's business.
    if (entries.some((entry) => entry.name === '.dvc' && entry.isDirectory())) return;
    for (const entry of entries) {
      const relpath = prefix + entry.name;
      if (ignore.ignores(`${base}/${relpath}`, entry.isDirectory())) continue;
      const inside = join(folder, entry.name);
      if (entry.isDirectory()) visit(inside, `${relpath}/`);
      else if (entry.isFile()) files.push({ path: inside, relpath, stat: lstatSync(inside) });
      else {
        const target =
          options.follow && entry.isSymbolicLink() ? statSync(inside, { throwIfNoEntry: false }) : undefined;
        if (options.follow && entry.isSymbolicLink() && !target)
          throw new DvcError(`${inside} is a link to nothing`);
        if (target?.isFile()) files.push({ path: inside, relpath, stat: target });
        else others.push({ path: inside, relpath, stat: lstatSync(inside) });
      }
    }
  };
  visit(path, '');
  return { kind: 'directory', files, others };
}

function readNames(folder: string): Dirent[] {
  // Names are read as bytes first: one that is not UTF-8 would silently become another name.
  const names = readdirSync(folder, { withFileTypes: true });
  if (names.some((entry) => entry.name.includes('\ufffd'))) {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for (const raw of readdirSync(folder, { encoding: 'buffer' })) {
      try {
        decoder.decode(raw);
      } catch (cause) {
        throw new DvcError(`${join(folder, raw.toString('latin1'))}: the file name is not valid UTF-8`, {
          cause,
          hint: 'rename it: DVC cannot track it',
        });
      }
    }
  }
  return names;
}

/** The file's hash, from memory where it has not changed since. */
export async function oidOf(repo: Repo, file: WorkspaceFile, hash: HashName): Promise<Oid> {
  const known = repo.state.get(file.path, hash, file.stat);
  if (known) return known;
  const oid = await hashFile(file.path, hash);
  rememberUnchanged(repo, file, hash, oid);
  return oid;
}

/** Takes note of a file's hash, unless it was changed while it was read. */
export function rememberUnchanged(repo: Repo, file: WorkspaceFile, hash: HashName, oid: Oid): void {
  const after = statSync(file.path);
  if (after.mtimeMs === file.stat.mtimeMs && after.size === file.stat.size)
    repo.state.set(file.path, hash, after, oid);
}

/** Throws if one of a directory's paths would land in `.git` or `.dvc`. */
export function refusePrivate(relpath: string, where: string): void {
  if (isPrivate(relpath)) throw new DvcError(`${where}: ${relpath} would be written into .git or .dvc`);
}
