import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { isAlive } from '../workspace/process.ts';
import type { FileStamp, State } from '../workspace/state.ts';
import { hashFile } from './hash.ts';
import { digestOf, type HashName, isDirectory, type Oid, objectKey } from './oid.ts';

const quarantineFolder = 'quarantine';
const temporaryFolder = 'tmp';
/** A cache may be shared by machines, whose process ids repeat. */
const unique = randomBytes(6).toString('base64url');

/** The local object cache: every object under its own md5, read-only, and verified before it is believed. */
export class Cache {
  readonly root: string;
  private readonly state: State;
  private readonly shared: boolean;
  private readonly made = new Set<string>();
  private count = 0;
  constructor(root: string, state: State, shared: boolean) {
    this.root = root;
    this.state = state;
    this.shared = shared;
  }

  /** Where the object is, or would be. */
  path(hash: HashName, oid: Oid): string {
    return this.root + sep + (sep === '/' ? objectKey(hash, oid) : objectKey(hash, oid).replaceAll('/', sep));
  }

  /** Whether the object is here with the right bytes; `corrupt` ones are moved away so that they can be fetched anew. */
  async check(hash: HashName, oid: Oid): Promise<'present' | 'missing' | 'corrupt'> {
    const path = this.path(hash, oid);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) return 'missing';
    if (this.state.get(path, hash, found) === oid) return 'present';
    const actual = await hashFile(path, objectHash(hash, oid));
    if (actual !== digestOf(oid)) {
      mkdirSync(join(this.root, quarantineFolder), { recursive: true });
      renameSync(path, join(this.root, quarantineFolder, `${oid}.${Date.now()}`));
      return 'corrupt';
    }
    this.state.set(path, hash, found, oid);
    return 'present';
  }

  /** Whether an object of this name is here, its bytes unseen. */
  has(hash: HashName, oid: Oid): boolean {
    return lstatSync(this.path(hash, oid), { throwIfNoEntry: false })?.isFile() ?? false;
  }

  /** A new file, with these bytes, in the cache's own temporary folder: on the same filesystem as the objects. */
  createTemporary(bytes: Buffer = Buffer.alloc(0), mode = 0o644): { path: string; remove(): void } {
    const path = this.temporaryName('.tmp');
    writeFileSync(path, bytes, { flag: 'wx', mode });
    return { path, remove: () => rmSync(path, { force: true }) };
  }

  /** A name in that folder that nobody has; an ending of one's own makes many of it, if it comes to be `….tmp`. */
  temporaryName(ending = ''): string {
    const folder = join(this.root, temporaryFolder);
    this.folder(folder);
    return join(folder, `.${process.pid}-${unique}-${++this.count}${ending}`);
  }

  /** Where the object goes, in a folder that is there: for who brings verified ones into place by himself. */
  slot(hash: HashName, oid: Oid): string {
    const path = this.path(hash, oid);
    this.folder(dirname(path));
    return path;
  }

  /** Believes an object that was verified when it was put in its slot. */
  believe(hash: HashName, oid: Oid, stamp: FileStamp): void {
    this.state.set(this.path(hash, oid), hash, stamp, oid, true);
  }

  /** Keeps bytes that were verified. */
  put(bytes: Buffer, hash: HashName, oid: Oid): void {
    this.place(this.createTemporary(bytes, 0o444).path, hash, oid);
  }

  /** Makes a complete, verified temporary file the object of this name. */
  adopt(temporary: string, hash: HashName, oid: Oid): void {
    chmodSync(temporary, 0o444);
    this.place(temporary, hash, oid);
  }

  /** Removes temporary files whose makers are gone. */
  sweep(): void {
    const folder = join(this.root, temporaryFolder);
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder)) {
      const pid = Number(/^\.(\d+)-.*\.tmp$/.exec(name)?.[1]);
      if (pid && pid !== process.pid && !isAlive(pid)) rmSync(join(folder, name), { force: true });
    }
  }

  private place(temporary: string, hash: HashName, oid: Oid): void {
    const path = this.slot(hash, oid);
    renameSync(temporary, path);
    this.believe(hash, oid, lstatSync(path));
  }

  private folder(path: string): void {
    if (this.made.has(path)) return;
    mkdirSync(path, { recursive: true });
    if (this.shared) chmodSync(path, 0o2775);
    this.made.add(path);
  }
}

/** A directory object is our own JSON: its name is always the plain md5 of its bytes. */
export const objectHash = (hash: HashName, oid: Oid): HashName => (isDirectory(oid) ? 'md5' : hash);
