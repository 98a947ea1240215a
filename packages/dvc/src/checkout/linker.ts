import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  openSync,
  readSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Cache } from '../objects/cache.ts';
import { copyBytes } from '../objects/copy.ts';

/** A way to give a cache object a second place; `cache.type` lists them. */
export type Way = 'reflink' | 'hardlink' | 'symlink' | 'copy';

/** Files smaller than this are copied on the spot. */
const smallBytes = 1 << 20;

/** Makes workspace files out of cache objects, in the first of some ways that works on this disk. */
export class Linker {
  private ways: Way[];
  private readonly buffer = Buffer.allocUnsafe(smallBytes);
  constructor(types: string[]) {
    const known: Way[] = ['reflink', 'hardlink', 'symlink', 'copy'];
    this.ways = known
      .filter((way) => types.includes(way))
      .sort((a, b) => types.indexOf(a) - types.indexOf(b));
  }

  /** Whether it comes down to copies: what `cache.type` would have before them does not work from this cache to there. */
  mustCopy(cache: Cache, folder: string): boolean {
    if (this.ways[0] === 'reflink') {
      const probe = cache.createTemporary(Buffer.from('probe'));
      const clone = join(folder, 'probe');
      try {
        copyFileSync(probe.path, clone, constants.COPYFILE_FICLONE_FORCE);
      } catch {
        this.ways = this.ways.slice(1);
      } finally {
        probe.remove();
        rmSync(clone, { force: true });
      }
    }
    return (this.ways[0] ?? 'copy') === 'copy';
  }

  /** Makes `fresh`, which will be renamed to `path`, from the object at `source`; returns how. */
  async make(source: string, fresh: string, path: string, isExecutable: boolean): Promise<Way> {
    // The process' umask takes its part from it, as from every new file.
    const mode = isExecutable ? 0o766 : 0o666;
    for (const way of [...this.ways]) {
      if (way === 'copy') break;
      try {
        if (way === 'hardlink') linkSync(source, fresh);
        else if (way === 'symlink') symlinkSync(relative(dirname(path), source), fresh);
        else {
          copyFileSync(source, fresh, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
          await chmod(fresh, mode & ~process.umask());
        }
        return way;
      } catch (error) {
        // What a disk cannot do once, it cannot do for the next thousand files either.
        if (!isTooManyLinks(error)) this.ways = this.ways.filter((other) => other !== way);
      }
    }
    await this.copy(source, fresh, mode);
    return 'copy';
  }

  private async copy(source: string, fresh: string, mode: number): Promise<void> {
    const from = openSync(source, 'r');
    let filled: number;
    try {
      filled = readSync(from, this.buffer, 0, this.buffer.length, 0);
    } finally {
      closeSync(from);
    }
    if (filled === this.buffer.length) {
      await copyBytes(source, fresh, mode);
      return;
    }
    const to = openSync(fresh, 'w', mode);
    try {
      writeSync(to, this.buffer, 0, filled);
    } finally {
      closeSync(to);
    }
  }
}

const isTooManyLinks = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EMLINK';
