import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { MissingObject } from '../errors.ts';
import type { Got, Part, Store, Upload } from './store.ts';

const readBytes = 1 << 20;

/** A remote that is a folder on this machine (or mounted on it), laid out and with modes as DVC leaves it. */
export class DirectoryStore implements Store {
  readonly url: string;
  readonly partBytes = undefined;
  constructor(root: string) {
    this.url = root;
  }

  /** The object's size in bytes. */
  async size(key: string): Promise<number | undefined> {
    const found = statSync(this.file(key), { throwIfNoEntry: false });
    return found?.isFile() ? found.size : undefined;
  }

  /** The object's bytes, read from its file. */
  async get(key: string, { range }: Part = {}): Promise<Got> {
    const file = this.file(key);
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) throw new MissingObject(key, this.url);
    const start = range?.start ?? 0;
    const end = Math.min((range?.end ?? Number.POSITIVE_INFINITY) + 1, found.size);
    return {
      start,
      end,
      totalBytes: found.size,
      async read(take) {
        const handle = await open(file, 'r');
        try {
          const buffer = Buffer.allocUnsafe(readBytes);
          for (let at = start; at < end; ) {
            const { bytesRead } = await handle.read(buffer, 0, Math.min(readBytes, end - at), at);
            if (bytesRead === 0) return;
            take(buffer.subarray(0, bytesRead));
            at += bytesRead;
          }
        } finally {
          await handle.close();
        }
      },
      cancel() {},
    };
  }

  /** Stores a copy: complete or not at all, read-only as DVC's own. */
  async put(key: string, { path }: Upload): Promise<void> {
    const target = this.file(key);
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

  /** Where the object lies. */
  file(key: string): string {
    return this.url + sep + (sep === '/' ? key : key.replaceAll('/', sep));
  }
}
