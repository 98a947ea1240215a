import { lstatSync } from 'node:fs';
import { constants, copyFile } from 'node:fs/promises';
import { DvcError } from '../errors.ts';
import { type DirectoryEntry, encodeDirectory } from '../objects/directory.ts';
import { hashFile } from '../objects/hash.ts';
import type { HashName, Oid } from '../objects/oid.ts';
import { eachLimited } from '../transfer/retry.ts';
import { type Found, oidOf, rememberUnchanged, type WorkspaceFile } from './look.ts';
import type { Repo } from './repo.ts';

/** How data differs from what its pointer or lock file says. */
export type DataState = 'modified' | 'deleted' | 'new' | 'not in cache';

/** What a pointer or lock file says about data: its object, and what DVC writes beside it. */
export interface DataRecord {
  oid: Oid;
  hash: HashName;
  sizeBytes?: number;
  files?: number;
  isExecutable?: boolean;
}

/** A record with the directory's entries (or the one file, under an empty path). */
export interface Recorded {
  record: DataRecord;
  entries: DirectoryEntry[];
}

const jobs = 8;

/** Hashes what was found at a path; with `keep`, every byte of it goes into the cache as well. */
export async function recordData(
  repo: Repo,
  found: Extract<Found, { kind: 'file' | 'directory' }>,
  options: { hash: HashName; keep: boolean },
): Promise<Recorded> {
  const { hash, keep } = options;
  const files = found.kind === 'file' ? [found.file] : found.files;
  const entries: DirectoryEntry[] = [];
  const failures = await eachLimited(files, jobs, async (file) => {
    const oid = keep ? await keepFile(repo, file, hash) : await oidOf(repo, file, hash);
    entries.push({ oid, relpath: file.relpath });
  });
  if (failures[0]) throw failures[0];
  const sizeBytes = files.reduce((sum, { stat }) => sum + stat.size, 0);
  if (found.kind === 'file') {
    const isExecutable = (found.file.stat.mode & 0o111) !== 0;
    return {
      record: { oid: entries[0]!.oid, hash, sizeBytes, ...(isExecutable ? { isExecutable } : {}) },
      entries,
    };
  }
  const oid = keep ? await keepDirectory(repo, hash, entries) : encodeDirectory(entries).oid;
  return { record: { oid, hash, sizeBytes, files: files.length }, entries };
}

/** Puts the object that lists these files into the cache. */
export async function keepDirectory(repo: Repo, hash: HashName, entries: DirectoryEntry[]): Promise<Oid> {
  const { oid, bytes } = encodeDirectory(entries);
  if ((await repo.cache.check(hash, oid)) !== 'present') repo.cache.put(bytes, hash, oid);
  return oid;
}

/** Hashes a file and keeps its bytes. It is the copy that is hashed: a file that changes meanwhile is kept as it was read. */
async function keepFile(repo: Repo, file: WorkspaceFile, hash: HashName): Promise<Oid> {
  const known = repo.state.get(file.path, hash, file.stat);
  if (known && (await repo.cache.check(hash, known)) === 'present') return known;
  const temporary = repo.cache.createTemporary();
  try {
    await copyFile(file.path, temporary.path, constants.COPYFILE_FICLONE);
    const oid = await hashFile(temporary.path, hash);
    if (lstatSync(temporary.path).size !== file.stat.size)
      throw new DvcError(`${file.path} is being written to`, { hint: 'try again when it is complete' });
    rememberUnchanged(repo, file, hash, oid);
    if ((await repo.cache.check(hash, oid)) !== 'present') repo.cache.adopt(temporary.path, hash, oid);
    return oid;
  } finally {
    temporary.remove();
  }
}
