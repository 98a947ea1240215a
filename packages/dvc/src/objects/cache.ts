import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAlive } from '../workspace/process.ts';
import type { State } from '../workspace/state.ts';
import { hashFile } from './hash.ts';
import { digestOf, type HashName, isDirectory, type Oid, objectKey } from './oid.ts';

const quarantineFolder = 'quarantine';

/** The local object cache: every object under its own md5, read-only, and verified before it is believed. */
export class Cache {
  readonly root: string;
  private readonly state: State;
  private readonly shared: boolean;
  private readonly made = new Set<string>();
  constructor(root: string, state: State, shared: boolean) {
    this.root = root;
    this.state = state;
    this.shared = shared;
  }

  /** Where the object is, or would be. */
  path(hash: HashName, oid: Oid): string {
    return join(this.root, ...objectKey(hash, oid).split('/'));
  }

  /** Whether the object is here with the right bytes; `corrupt` ones are moved away so that they can be fetched anew. */
  async check(hash: HashName, oid: Oid): Promise<'present' | 'missing' | 'corrupt'> {
    const path = this.path(hash, oid);
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isFile()) return 'missing';
    if (this.state.get(path, hash, found) === oid) return 'present';
    const actual = await hashFile(path, objectHash(hash, oid));
    if (actual !== digestOf(oid)) {
      await mkdir(join(this.root, quarantineFolder), { recursive: true });
      await rename(path, join(this.root, quarantineFolder, `${oid}.${Date.now()}`));
      return 'corrupt';
    }
    this.state.set(path, hash, found, oid);
    return 'present';
  }

  /** Whether an object of this name is here, its bytes unseen. */
  async has(hash: HashName, oid: Oid): Promise<boolean> {
    return (await lstat(this.path(hash, oid)).catch(() => undefined))?.isFile() ?? false;
  }

  /** A new file, with these bytes, in the cache's own temporary folder: on the same filesystem as the objects. */
  async createTemporary(bytes: Buffer = Buffer.alloc(0)): Promise<{ path: string; remove(): Promise<void> }> {
    const folder = join(this.root, 'tmp');
    await this.folder(folder);
    const path = join(folder, `.${process.pid}-${randomBytes(12).toString('base64url')}.tmp`);
    await writeFile(path, bytes, { flag: 'wx' });
    return { path, remove: () => rm(path, { force: true }) };
  }

  /** Makes a complete, verified temporary file the object of this name. */
  async adopt(temporary: string, hash: HashName, oid: Oid): Promise<void> {
    const path = this.path(hash, oid);
    await this.folder(dirname(path));
    await chmod(temporary, 0o444);
    await rename(temporary, path);
    this.state.set(path, hash, await stat(path), oid, true);
  }

  /** Removes temporary files whose makers are gone. */
  async sweep(): Promise<void> {
    const folder = join(this.root, 'tmp');
    for (const name of await readdir(folder).catch(() => [])) {
      const pid = Number(/^\.(\d+)-.*\.tmp$/.exec(name)?.[1]);
      if (pid && pid !== process.pid && !isAlive(pid)) await rm(join(folder, name), { force: true });
    }
  }

  private async folder(path: string): Promise<void> {
    if (this.made.has(path)) return;
    await mkdir(path, { recursive: true });
    if (this.shared) await chmod(path, 0o2775).catch(() => {});
    this.made.add(path);
  }
}

/** A directory object is our own JSON: its name is always the plain md5 of its bytes. */
export const objectHash = (hash: HashName, oid: Oid): HashName => (isDirectory(oid) ? 'md5' : hash);
