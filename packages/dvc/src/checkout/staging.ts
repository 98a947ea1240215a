import { hash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DvcError } from '../errors.ts';
import { memberPath, type Out } from '../files/out.ts';
import type { Oid } from '../objects/oid.ts';
import type { Copies } from '../transfer/fetch.ts';
import type { Repo } from '../workspace/repo.ts';
import type { FileStamp } from '../workspace/state.ts';
import { Linker } from './linker.ts';

/**
 * Where workspace files are made before they are renamed into place: a half-written one is never seen there. An out
 * that the workspace lacks is put in place as a whole; its copies may be made here while its objects are fetched.
 */
export class Staging implements Copies {
  private readonly repo: Repo;
  private readonly folder: string;
  private readonly linker: Linker;
  /** Where each out is made. */
  private readonly tops = new Map<Out, string>();
  /** Files (but no symlinks) that are complete here. */
  private readonly complete = new Map<string, FileStamp>();
  private readonly folders = new Set<string>();
  private readonly absent = new Map<Out, boolean>();
  private mustCopy: boolean | undefined;
  private count = 0;

  constructor(repo: Repo) {
    this.repo = repo;
    this.folder = join(repo.dvcDir, 'tmp', 'mainline', 'checkout');
    this.linker = new Linker(repo.config.cacheTypes);
  }

  /** Where to make a copy in passing: of outs that are not there at all, where `cache.type` comes down to copies. */
  pathFor(out: Out, relpath: string): string | undefined {
    let isAbsent = this.absent.get(out);
    if (isAbsent === undefined) {
      isAbsent = !lstatSync(out.path, { throwIfNoEntry: false });
      this.absent.set(out, isAbsent);
    }
    if (!isAbsent || out.isExecutable) return undefined;
    const path = this.at(out, memberPath(out, relpath));
    this.mustCopy ??= this.linker.mustCopy(this.repo.cache, this.folder);
    return this.mustCopy ? path : undefined;
  }

  /** Takes note of such a copy. */
  note(path: string, stamp = lstatSync(path, { throwIfNoEntry: false })): void {
    if (stamp) this.complete.set(path, stamp);
  }

  /** Makes the file of an out that is to be at `path`, in the first way of `cache.type` that works, unless it is made. */
  async make(out: Out, path: string, oid: Oid): Promise<void> {
    const fresh = this.at(out, path);
    if (this.complete.has(fresh)) return;
    const way = await this.linker.make(this.repo.cache.path(out.hash, oid), fresh, path, out.isExecutable);
    if (way !== 'symlink') this.note(fresh);
  }

  /** Puts a whole directory in place, all of its files being made. False if it can only be done one by one. */
  moveAll(out: Out, files: { path: string; oid: Oid }[]): boolean {
    const top = this.at(out, out.path);
    mkdirSync(top, { recursive: true });
    mkdirSync(dirname(out.path), { recursive: true });
    try {
      renameSync(top, out.path);
    } catch (error) {
      if (isOtherDisk(error)) return false;
      throw error;
    }
    for (const { path, oid } of files) this.remember(out, path, oid, this.complete.get(this.at(out, path)));
    this.tops.delete(out);
    return true;
  }

  /** Puts one file that is made in place, in a single step. */
  async move(out: Out, path: string, oid: Oid): Promise<void> {
    const fresh = this.at(out, path);
    try {
      renameSync(fresh, path);
    } catch (error) {
      if (isOtherDisk(error)) {
        // The workspace is on another disk than .dvc/tmp: the last step has to start from beside the file.
        const beside = join(dirname(path), `.${hash('md5', path).slice(0, 22)}.tmp`);
        await copyFile(fresh, beside);
        renameSync(beside, path);
      } else if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) {
        removeFolders(path);
        renameSync(fresh, path);
      } else throw error;
    }
    // Being renamed has changed its times.
    this.remember(out, path, oid, this.complete.delete(fresh) ? lstatSync(path) : undefined);
  }

  /** Takes away what is left. */
  remove(): void {
    if (this.count > 0) rmSync(this.folder, { recursive: true, force: true });
    this.tops.clear();
  }

  private remember(
    out: Out,
    path: string,
    oid: Oid,
    stamp: (FileStamp & { nlink?: number }) | undefined,
  ): void {
    if (!stamp) return;
    this.repo.state.set(path, out.hash, stamp, oid, true);
    // A hard link has changed the object's times too.
    if (stamp.nlink !== undefined && stamp.nlink > 1) this.repo.cache.believe(out.hash, oid, stamp);
  }

  /** Where what is to be at `path` in the workspace is made; the folder for it is there. */
  private at(out: Out, path: string): string {
    let top = this.tops.get(out);
    if (top === undefined) {
      // What a run that was killed has left is in the way.
      if (this.count === 0) rmSync(this.folder, { recursive: true, force: true });
      top = join(this.folder, String(++this.count));
      this.tops.set(out, top);
    }
    const fresh = top + path.slice(out.path.length);
    const parent = dirname(fresh);
    if (!this.folders.has(parent)) {
      mkdirSync(parent, { recursive: true });
      this.folders.add(parent);
    }
    return fresh;
  }
}

const isOtherDisk = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EXDEV';

/** Takes away folders that hold nothing but folders; anything else in them is nobody's to delete. */
export function removeFolders(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (!entry.isDirectory())
      throw new DvcError(`a file belongs at ${path}, but the folder there holds ${entry.name}`, {
        hint: 'move it away: it is not tracked, so it is not deleted',
      });
    removeFolders(join(path, entry.name));
  }
  rmdirSync(path);
}
