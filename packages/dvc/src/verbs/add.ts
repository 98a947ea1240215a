import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { relink } from '../checkout/relink.ts';
import { DvcError } from '../errors.ts';
import { isPrivate, parseOut } from '../files/out.ts';
import { formatPointer, readPointer, updatePointer, writeAtomically } from '../files/pointer.ts';
import type { Oid } from '../objects/oid.ts';
import { collect, type Tracked } from '../workspace/collect.ts';
import { ignoreInGit, refuseGitTracked } from '../workspace/git.ts';
import { locked } from '../workspace/lock.ts';
import { dvcIgnore, type Found, look } from '../workspace/look.ts';
import { type DataRecord, type Recorded, recordData } from '../workspace/record.ts';
import { isInside, posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { expandGlobs } from '../workspace/targets.ts';
import { addFrom } from './add-from.ts';
import { addInside } from './add-inside.ts';
import { findPlace, type Place } from './add-place.ts';

/** What an add can be asked. */
export interface AddOptions {
  targets: string[];
  /** The pointer to write, where it shall not stand beside the target as `<target>.dvc`. */
  file?: string;
  /** Targets are patterns. */
  glob?: boolean;
  /** Hash only: nothing goes into the cache. */
  noCommit?: boolean;
  /** Leave workspace files as they are, whatever `cache.type` says. */
  noRelink?: boolean;
  /** Copy the target to this path in the repository and track it there. */
  out?: string;
  /** Send the target straight to the remote: not into the cache, not into the workspace. */
  toRemote?: boolean;
  remote?: string;
  jobs?: number;
  /** With `out`: replace what is there. */
  force?: boolean;
  log?: (line: string) => void;
}

/** One target as it is tracked now. */
export interface Added {
  /** The pointer file, absolute. */
  file: string;
  path: string;
  oid: Oid;
  files: number;
  sizeBytes: number;
  /** Whether the pointer says something else than before. */
  changed: boolean;
  /** The `.gitignore` that got a line. */
  gitignore: string | undefined;
}

/** Puts targets into the cache and writes their pointers; a pointer that tracks the path already is updated in place. */
export async function add(repo: Repo, options: AddOptions): Promise<Added[]> {
  return locked(repo, async () => {
    const targets = options.glob ? expandGlobs(repo, options.targets) : options.targets;
    for (const [name, given] of Object.entries({
      '--file': options.file,
      '--out': options.out,
      '--to-remote': options.toRemote,
    }))
      if (given && targets.length !== 1) throw new DvcError(`${name} needs exactly one target`);
    const [by, way] = [options.toRemote ? '--to-remote' : '--out', options.out || options.toRemote];
    for (const [name, given] of Object.entries({ '--glob': options.glob, '--no-commit': options.noCommit }))
      if (given && way) throw new DvcError(`${name} option can't be used with ${by}`);
    if (options.remote && !options.toRemote) throw new DvcError("--remote can't be used without --to-remote");
    if (options.out || options.toRemote) return [await addFrom(repo, targets[0]!, options)];
    const paths = targets.map((target) => checkTarget(repo, target));
    const tracked = collect(repo);
    const added: Added[] = [];
    for (const [at, path] of paths.entries()) {
      const one = await addOne(repo, tracked, path, targets[at]!, options);
      // The next target must see what this one tracks.
      tracked.pointers = [
        ...tracked.pointers.filter(({ file }) => file !== one.file),
        readPointer(one.file, repo.root),
      ];
      added.push(one);
    }
    return added;
  });
}

async function addOne(
  repo: Repo,
  tracked: Tracked,
  path: string,
  target: string,
  options: AddOptions,
): Promise<Added> {
  const place = findPlace(repo, tracked, path, options.file && resolve(repo.cwd, options.file));
  if (place.around) return addInside(repo, path, target, place.around, options);
  if (!place.pointer) refuseGitTracked(repo, path, posixRelative(repo.cwd, path));
  const found = lookAt(repo, path, target);
  const keep = !options.noCommit && (place.pointer?.outs[place.index]?.cache ?? true);
  const recorded = await recordAsBefore(repo, place, found, keep);
  if (keep && !options.noRelink) {
    const out = parseOut(outEntry(path, recorded.record), {
      file: place.file,
      wdir: repo.root,
      root: repo.root,
    });
    await relink(repo, out, recorded.entries, options.jobs ?? 8);
  }
  return writeRecord(repo, place, path, recorded.record);
}

/** A legacy pointer whose data is as it was stays legacy, as DVC leaves it; anything else is recorded the DVC 3 way. */
async function recordAsBefore(repo: Repo, place: Place, found: Data, keep: boolean): Promise<Recorded> {
  const old = place.pointer?.outs[place.index];
  if (old?.hash === 'md5-dos2unix' && old.oid) {
    const legacy = await recordData(repo, found, { hash: 'md5-dos2unix', keep: false });
    if (legacy.record.oid === old.oid)
      return keep ? recordData(repo, found, { hash: 'md5-dos2unix', keep }) : legacy;
  }
  return recordData(repo, found, { hash: 'md5', keep });
}

/** Files or a directory that can be tracked. */
export type Data = Extract<Found, { kind: 'file' | 'directory' }>;

/** What is at a target, or an error as DVC words it. */
export function lookAt(repo: Repo, path: string, target: string): Data {
  const found = look(repo, path, { follow: true });
  if (found.kind === 'nothing')
    throw new DvcError(`output '${target}' does not exist: [Errno 2] No such file or directory: '${path}'`);
  if (found.kind === 'other') throw new DvcError(`output '${target}' is not a file or directory`);
  if (found.kind === 'directory') {
    const stray = found.files.find(({ relpath }) => /(^|\/)\.dvcignore$/.test(relpath));
    if (stray)
      throw new IgnoreFileInside(`.dvcignore file should not be in collected dir path: '${path}'`, {
        hint: 'put its lines into a .dvcignore above',
      });
  }
  return found;
}

/** A `.dvcignore` inside of what is added would change its own meaning. */
class IgnoreFileInside extends DvcError {
  override readonly exitCode = 255;
}

/** Writes the pointer of what was recorded, and Git's ignore line. */
export function writeRecord(repo: Repo, place: Place, path: string, record: DataRecord): Added {
  const before = existsSync(place.file) ? readFileSync(place.file, 'utf8') : undefined;
  const text = place.pointer
    ? updatePointer(place.pointer, place.index, record)
    : formatPointer(place.written, record, place.wdir);
  if (before !== text) writeAtomically(place.file, text);
  return {
    file: place.file,
    path,
    oid: record.oid,
    files: record.files ?? 1,
    sizeBytes: record.sizeBytes ?? 0,
    changed: before !== text,
    gitignore: (place.pointer?.outs[place.index]?.cache ?? true) ? ignoreInGit(repo, path) : undefined,
  };
}

const outEntry = (path: string, { oid, hash, isExecutable }: DataRecord) => ({
  path,
  md5: oid,
  ...(hash === 'md5' ? { hash } : {}),
  isexec: isExecutable ?? false,
});

function checkTarget(repo: Repo, target: string): string {
  const path = resolve(repo.cwd, target);
  const isOwn = /(\.dvc|^dvc\.(yaml|lock))$/.test(basename(path));
  if (isOwn && lstatSync(path, { throwIfNoEntry: false })?.isFile())
    throw new DvcError(`DVC file '${target}' cannot be an output.`, { hint: 'name the data it tracks' });
  checkInside(repo, path);
  checkLinks(repo, path);
  const name = posixRelative(repo.root, path);
  const rule = dvcIgnore(repo).find(name, existsSync(path) && lstatSync(path).isDirectory());
  if (rule) throw new DvcError(`Path '${target}' is ignored by ${rule}`);
  return path;
}

/** Throws where the path leads through a linked folder, or is one: the pointer would stand in another place than its data. */
function checkLinks(repo: Repo, path: string): void {
  const isLink = (at: string): boolean => lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  let through = isLink(path) && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
  for (let at = dirname(path); at !== repo.root && !through; at = dirname(at)) through = isLink(at);
  if (through)
    throw new DvcError(
      `Cannot add files inside symlinked directories to DVC: ${path}. See <https://dvc.org/doc/user-guide/troubleshooting#add-symlink> for more information.`,
      { hint: 'name it by its path without links' },
    );
}

/** Throws unless the path is in the repository, links on the way followed, and not in Git's or DVC's own folders. */
export function checkInside(repo: Repo, path: string): void {
  const folder = existsSync(dirname(path)) ? realpathSync(dirname(path)) : dirname(path);
  if (!isInside(repo.root, path) || !isInside(repo.root, folder) || path === repo.root)
    throw new DvcError(
      `Cached output(s) outside of DVC project: ${path}. See <https://man.dvc.org/add> for more info.`,
    );
  if (isPrivate(posixRelative(repo.root, path)))
    throw new DvcError(`'${posixRelative(repo.root, path)}' is inside .git or .dvc`);
}
