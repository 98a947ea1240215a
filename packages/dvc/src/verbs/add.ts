import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { chmod, open, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DvcError } from '../errors.ts';
import { isPrivate, parseOut } from '../files/out.ts';
import {
  formatPointer,
  type OutRecord,
  type Pointer,
  updatePointer,
  writeAtomically,
} from '../files/pointer.ts';
import { type DirectoryEntry, encodeDirectory } from '../objects/directory.ts';
import { hashFile } from '../objects/hash.ts';
import type { Oid } from '../objects/oid.ts';
import { eachLimited } from '../transfer/retry.ts';
import { collect, type Tracked } from '../workspace/collect.ts';
import { ignoreInGit, refuseGitTracked } from '../workspace/git.ts';
import { dvcIgnore, type Found, look, oidOf, type WorkspaceFile } from '../workspace/look.ts';
import { isInside, posixRelative } from '../workspace/relpath.ts';
import type { Repo } from '../workspace/repo.ts';
import { checkout } from './checkout.ts';

/** What an add can be asked. */
export interface AddOptions {
  targets: string[];
  /** The pointer to write, where it shall not stand beside the target as `<target>.dvc`. */
  file?: string;
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

const jobs = 8;

/** Puts targets into the cache and writes their pointers; a pointer that tracks the path already is updated in place. */
export async function add(repo: Repo, options: AddOptions): Promise<Added[]> {
  if (options.file && options.targets.length !== 1) throw new DvcError('--file needs exactly one target');
  const added: Added[] = [];
  try {
    for (const target of options.targets) added.push(await addOne(repo, collect(repo), target, options));
    return added;
  } finally {
    repo.state.save();
  }
}

async function addOne(repo: Repo, tracked: Tracked, target: string, options: AddOptions): Promise<Added> {
  const path = resolveTarget(repo, target);
  const place = findPointer(repo, tracked, path, options.file && resolve(repo.cwd, options.file));
  if (!place.pointer) refuseGitTracked(repo, path, posixRelative(repo.cwd, path));
  const found = look(repo, path, { follow: true });
  if (found.kind === 'nothing')
    throw new DvcError(`output '${target}' does not exist: [Errno 2] No such file or directory: '${path}'`);
  if (found.kind === 'other') throw new DvcError(`'${target}' is neither a file nor a directory`);
  const { record, links } = await commit(repo, path, found);
  const text = place.pointer
    ? updatePointer(place.pointer, place.index, { ...record, path: place.written })
    : formatPointer({ ...record, path: place.written }, place.wdir);
  const before = existsSync(place.file) ? await readFile(place.file, 'utf8') : undefined;
  if (links.length > 0) await replaceLinks(repo, path, place.file, record.md5, links);
  if (before !== text) writeAtomically(place.file, text);
  return {
    file: place.file,
    path,
    oid: record.md5,
    files: record.nfiles ?? 1,
    sizeBytes: record.size ?? 0,
    changed: before !== text,
    gitignore: ignoreInGit(repo, path),
  };
}

function resolveTarget(repo: Repo, target: string): string {
  const path = resolve(repo.cwd, target);
  if (path.endsWith('.dvc') && existsSync(path) && lstatSync(path).isFile())
    throw new DvcError(`cannot add '${target}': it is a .dvc file`, { hint: 'name the data it tracks' });
  const folder = existsSync(dirname(path)) ? realpathSync(dirname(path)) : dirname(path);
  if (!isInside(repo.root, path) || !isInside(repo.root, folder) || path === repo.root)
    throw new DvcError(
      `Cached output(s) outside of DVC project: ${path}. See <https://man.dvc.org/add> for more info.`,
    );
  const name = posixRelative(repo.root, path);
  if (isPrivate(name)) throw new DvcError(`'${target}' is inside .git or .dvc`);
  const rule = dvcIgnore(repo).find(name, existsSync(path) && lstatSync(path).isDirectory());
  if (rule) throw new DvcError(`Path '${target}' is ignored by ${rule}`);
  return path;
}

interface Place {
  file: string;
  pointer?: Pointer;
  index: number;
  /** The out's path as the pointer spells it. */
  written: string;
  wdir?: string;
}

/** The pointer that tracks the path already, or where a new one goes. */
function findPointer(repo: Repo, tracked: Tracked, path: string, file: string | undefined): Place {
  for (const pointer of tracked.pointers)
    for (const [index, out] of pointer.outs.entries()) {
      if (out.path === path) {
        if (file && file !== pointer.file)
          throw new DvcError(`'${out.name}' is already tracked by ${posixRelative(repo.cwd, pointer.file)}`, {
            hint: 'leave --file out to update it there',
          });
        return { file: pointer.file, pointer, index, written: posixRelative(pointer.wdir, path) };
      }
      if (isInside(out.path, path) || isInside(path, out.path))
        throw new DvcError(
          `Cannot add '${posixRelative(repo.cwd, path)}', because it is overlapping with other DVC tracked output: '${out.name}'.`,
          { file: pointer.file },
        );
    }
  const target = file ?? `${path}.dvc`;
  if (!target.endsWith('.dvc')) throw new DvcError(`bad DVC file name '${file}'. It should end with .dvc`);
  if (existsSync(target))
    throw new DvcError(`${posixRelative(repo.cwd, target)} exists already and tracks something else`, {
      file: target,
    });
  const wdir = posixRelative(dirname(target), dirname(path));
  // The pointer's own reader must accept what is about to be written.
  parseOut(
    { path: posixRelative(dirname(path), path) },
    { file: target, wdir: dirname(path), root: repo.root },
  );
  return {
    file: target,
    index: 0,
    written: posixRelative(dirname(path), path),
    ...(wdir === '.' ? {} : { wdir }),
  };
}

/** Brings every file into the cache, and for a directory the object that lists them. */
async function commit(
  repo: Repo,
  path: string,
  found: Extract<Found, { kind: 'file' | 'directory' }>,
): Promise<{ record: OutRecord; links: DirectoryEntry[] }> {
  const files = found.kind === 'file' ? [found.file] : found.files;
  const stray = files.find(({ relpath }) => relpath === '.dvcignore' || relpath.endsWith('/.dvcignore'));
  if (stray) throw new DvcError(`.dvcignore file should not be in collected dir path: '${path}'`);
  const entries: DirectoryEntry[] = [];
  const links: DirectoryEntry[] = [];
  const failures = await eachLimited(files, jobs, async (file) => {
    const entry = { oid: await store(repo, file), relpath: file.relpath };
    entries.push(entry);
    if (lstatSync(file.path).isSymbolicLink()) links.push(entry);
  });
  if (failures[0]) throw failures[0];
  const size = files.reduce((sum, { stat }) => sum + stat.size, 0);
  if (found.kind === 'file') {
    const isexec = (found.file.stat.mode & 0o111) !== 0;
    return { record: { path, md5: entries[0]!.oid, size, ...(isexec ? { isexec } : {}) }, links };
  }
  const { oid, bytes } = encodeDirectory(entries);
  if ((await repo.cache.check('md5', oid)) !== 'present') {
    const temporary = await repo.cache.createTemporary();
    try {
      await writeFile(temporary.path, bytes);
      await repo.cache.adopt(temporary.path, 'md5', oid);
    } finally {
      await temporary.remove();
    }
  }
  return { record: { path, md5: oid, size, nfiles: files.length }, links };
}

/** Hashes a file and keeps its bytes. The copy is hashed on its way, so a file that changes meanwhile is kept as it was read. */
async function store(repo: Repo, file: WorkspaceFile): Promise<Oid> {
  const known = await oidOf(repo, file, 'md5');
  if ((await repo.cache.check('md5', known)) === 'present') return known;
  const temporary = await repo.cache.createTemporary();
  try {
    const copy = await open(temporary.path, 'w');
    let oid: Oid;
    try {
      oid = await hashFile(file.path, 'md5', copy);
    } finally {
      await copy.close();
    }
    await repo.cache.adopt(temporary.path, 'md5', oid);
    return oid;
  } finally {
    await temporary.remove();
  }
}

/** Links in what was added become the files they led to, as DVC leaves them. */
async function replaceLinks(
  repo: Repo,
  path: string,
  file: string,
  oid: Oid,
  links: DirectoryEntry[],
): Promise<void> {
  const out = parseOut({ path, md5: oid, hash: 'md5' }, { file, wdir: repo.root, root: repo.root });
  const place = links.map((entry) => ({
    path: resolve(path, entry.relpath),
    oid: entry.oid,
    replaces: true,
  }));
  await checkout(repo, [{ out, change: 'modified', place, remove: [], unsaved: [] }], { force: true, jobs });
  await Promise.all(place.map((item) => chmod(item.path, 0o644)));
}
