import { mkdirSync, readFileSync, renameSync, type Stats, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { HashName, Oid } from '../objects/oid.ts';

/** What says whether a file is still the one it was. */
export type FileStamp = Pick<Stats, 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

type Row = [ino: number, sizeBytes: number, mtimeMs: number, ctimeMs: number, oid: Oid];

/** A file changed this short a time ago may change again without its times showing it. */
const racyMs = 50;

/**
 * Remembers which bytes a file had when it was last hashed, so that an unchanged tree is not hashed again.
 * A file counts as unchanged while inode, size, mtime and ctime are the same; losing this file costs only time.
 */
export class State {
  private readonly file: string;
  private rows: Map<string, Row> | undefined;
  private changed = false;
  constructor(file: string) {
    this.file = file;
  }

  /** The hash the file at `path` is known to have, if it is still the one that was hashed. */
  get(path: string, hash: HashName, stat: FileStamp): Oid | undefined {
    const row = this.load().get(key(path, hash));
    if (!row) return undefined;
    const [ino, size, mtime, ctime, oid] = row;
    return ino === stat.ino && size === stat.size && mtime === stat.mtimeMs && ctime === stat.ctimeMs
      ? oid
      : undefined;
  }

  /** Takes note of a hash; `own` says that we wrote the file ourselves, so nobody is in the middle of writing it. */
  set(path: string, hash: HashName, stat: FileStamp, oid: Oid, own = false): void {
    if (!own && Date.now() - Math.max(stat.mtimeMs, stat.ctimeMs) < racyMs) return;
    this.load().set(key(path, hash), [stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs, oid]);
    this.changed = true;
  }

  /** Forgets a file. */
  delete(path: string, hash: HashName): void {
    if (this.load().delete(key(path, hash))) this.changed = true;
  }

  /** Writes what was learnt; a repository that cannot be written to just stays unremembered. */
  save(): void {
    if (!this.changed || !this.rows) return;
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      const temp = `${this.file}.${process.pid}`;
      writeFileSync(temp, JSON.stringify({ version: 1, rows: [...this.rows] }));
      renameSync(temp, this.file);
      this.changed = false;
    } catch {
      // Only speed is lost.
    }
  }

  private load(): Map<string, Row> {
    if (!this.rows) this.rows = read(this.file);
    return this.rows;
  }
}

const key = (path: string, hash: HashName): string => (hash === 'md5' ? path : `${hash}:${path}`);

function read(file: string): Map<string, Row> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (
      typeof parsed === 'object' &&
      parsed !== null &&
      'version' in parsed &&
      parsed.version === 1 &&
      'rows' in parsed
    )
      return new Map(parsed.rows as [string, Row][]);
  } catch {
    // Absent or half-written: everything is hashed once more.
  }
  return new Map();
}
