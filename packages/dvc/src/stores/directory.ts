import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { MissingObject } from '../errors.ts';
import type { Part, Store, Upload } from './store.ts';

/** A remote that is a folder on this machine (or mounted on it), laid out and with modes as DVC leaves it. */
export class DirectoryStore implements Store {
  readonly url: string;
  constructor(root: string) {
    this.url = root;
  }

  /** The object's size in bytes. */
  async size(key: string): Promise<number | undefined> {
    const found = await stat(this.path(key)).catch(absent);
    return found?.isFile() ? found.size : undefined;
  }

  /** The object's bytes. */
  async get(key: string, part: Part = {}): Promise<Readable> {
    const file = await open(this.path(key), 'r').catch(absent);
    if (!file) throw new MissingObject(key, this.url);
    return createReadStream('', { fd: file, highWaterMark: 1 << 20, ...part.range });
  }

  /** Stores a copy: complete or not at all, read-only as DVC's own. */
  async put(key: string, { path }: Upload): Promise<void> {
    const target = this.path(key);
    const temporary = join(dirname(target), `.${randomBytes(16).toString('base64url')}.tmp`);
    await mkdir(dirname(target), { recursive: true });
    try {
      await copyFile(path, temporary);
      await chmod(temporary, 0o444);
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** The keys below a folder. */
  async *list(prefix: string): AsyncIterable<string> {
    for (const entry of await readdir(this.path(prefix), { withFileTypes: true, recursive: true }).catch(
      () => [],
    ))
      if (entry.isFile() && !entry.name.startsWith('.'))
        yield join(entry.parentPath, entry.name)
          .slice(this.url.length + 1)
          .replaceAll('\\', '/');
  }

  private path(key: string): string {
    return join(this.url, ...key.split('/'));
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return undefined;
  throw error;
}
