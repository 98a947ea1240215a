import {
  chmod,
  link as hardlink,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  rm,
  symlink,
} from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { UnsafeTarEntry } from './errors.ts';
import { readLayer } from './layer/read-layer.ts';
import { insidePath } from './tar/inside-path.ts';
import type { TarEntry } from './tar/read-tar.ts';

/** Limits of an unpacking. */
export interface ExtractOptions {
  /** Most bytes that may be written; 10 GB, what Lambda allows. */
  limitBytes?: number;
}

const lambdaLimitBytes = 10 * 1024 ** 3;

/**
 * Unpacks a layer (tar, gzip or zstd) into a folder, over the layers unpacked there before: whiteouts delete. Refuses
 * with {@link UnsafeTarEntry} whatever would reach out of the folder, also through links, and what isn't a file, folder
 * or link. Owners and times are left out. A failure leaves what was unpacked so far: unpack into a folder of its own
 * and rename it.
 */
export async function extractLayer(
  blob: Readable,
  into: string,
  options: ExtractOptions = {},
): Promise<void> {
  const root = resolve(into);
  await mkdir(root, { recursive: true });
  const target = new Target(root, options.limitBytes ?? lambdaLimitBytes);
  for await (const entry of readLayer(blob)) await target.add(entry);
}

/** The folder being filled, and what keeps every write inside it. */
class Target {
  readonly #root: string;
  #leftBytes: number;
  /** Real directories under the root, so that each is looked at once. */
  readonly #directories = new Set<string>(['']);
  /** What this layer brought: an opaque whiteout spares it. */
  readonly #added = new Set<string>();

  constructor(root: string, limitBytes: number) {
    this.#root = root;
    this.#leftBytes = limitBytes;
  }

  async add(entry: TarEntry): Promise<void> {
    const path = insidePath(entry.path);
    if (path === '') {
      if (entry.type !== 'directory')
        throw new UnsafeTarEntry(`The archive replaces its own root by a ${entry.type}.`);
      return;
    }
    const parent = posix.dirname(path) === '.' ? '' : posix.dirname(path);
    await this.#makeDirectory(parent);
    const name = posix.basename(path);
    if (name.startsWith('.wh.')) return await this.#whiteout(parent, name);
    this.#remember(path);
    if (entry.type === 'directory') return await this.#makeDirectory(path, entry.mode);
    await this.#remove(path);
    if (entry.type === 'file') return await this.#write(path, entry);
    if (entry.type === 'symlink') return await this.#symlink(path, parent, entry.link ?? '');
    if (entry.type === 'hardlink') return await this.#hardlink(path, entry.link ?? '');
    throw new UnsafeTarEntry(`${entry.path} is neither a file, a folder nor a link.`);
  }

  async #write(path: string, entry: TarEntry) {
    if (entry.size > this.#leftBytes)
      throw new UnsafeTarEntry(`The archive unpacks to more than is allowed, at ${entry.path}.`);
    this.#leftBytes -= entry.size;
    // 'wx' never follows a link and never opens what is there. Set-user bits are dropped.
    const file = await open(join(this.#root, path), 'wx', entry.mode & 0o777);
    try {
      for await (const chunk of entry.content) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  }

  // Up first, then only down: then no link below can bend the way out again, as `here -> .` and `x -> here/../..` would.
  async #symlink(path: string, parent: string, link: string) {
    const segments = link.split('/').filter((segment) => segment !== '' && segment !== '.');
    const ups = segments.lastIndexOf('..') + 1;
    const depth = parent === '' ? 0 : parent.split('/').length;
    const climbs = segments.slice(0, ups).every((segment) => segment === '..');
    if (link === '' || link.includes('\0') || link.startsWith('/') || !climbs || ups > depth)
      throw new UnsafeTarEntry(`${path} links out of the archive, to ${JSON.stringify(link)}.`);
    await symlink(link, join(this.#root, path));
  }

  async #hardlink(path: string, link: string) {
    const target = insidePath(link, 'link target');
    const stats = await this.#lookUp(target);
    if (!stats?.isFile()) throw new UnsafeTarEntry(`${path} is a hard link to ${link}, which is no file.`);
    await hardlink(join(this.#root, target), join(this.#root, path));
  }

  async #whiteout(parent: string, name: string) {
    if (name === '.wh..wh..opq') {
      for (const child of await readdir(join(this.#root, parent))) {
        const path = posix.join(parent, child);
        if (!this.#added.has(path)) await this.#remove(path);
      }
      return;
    }
    const hidden = name.slice('.wh.'.length);
    if (hidden === '' || hidden === '.' || hidden === '..')
      throw new UnsafeTarEntry(`${posix.join(parent, name)} would delete a folder above.`);
    // Other `.wh..wh.` names are notes of old storage drivers about themselves.
    if (!hidden.startsWith('.wh.')) await this.#remove(posix.join(parent, hidden));
  }

  /** Makes a directory and those above it; a link in their place is replaced at the end of the path, refused above. */
  async #makeDirectory(path: string, mode?: number): Promise<void> {
    if (this.#directories.has(path)) {
      if (mode !== undefined && path !== '') await setMode(join(this.#root, path), mode);
      return;
    }
    const parent = posix.dirname(path) === '.' ? '' : posix.dirname(path);
    await this.#makeDirectory(parent);
    const full = join(this.#root, path);
    const stats = await lstat(full).catch(() => undefined);
    if (stats && !stats.isDirectory()) {
      if (mode === undefined) {
        const to = stats.isSymbolicLink() ? ` (a link to ${await readlink(full)})` : '';
        throw new UnsafeTarEntry(`The archive writes through ${path}${to}, which is no folder.`);
      }
      await this.#remove(path);
    }
    if (!stats?.isDirectory()) await mkdir(full);
    if (mode !== undefined) await setMode(full, mode);
    this.#directories.add(path);
  }

  async #remove(path: string) {
    const stats = await lstat(join(this.#root, path)).catch(() => undefined);
    if (!stats) return;
    for (const directory of this.#directories)
      if (directory === path || directory.startsWith(`${path}/`)) this.#directories.delete(directory);
    await rm(join(this.#root, path), { recursive: true, force: true });
  }

  /** What is at a path, provided no link is on the way to it. */
  async #lookUp(path: string) {
    const segments = path.split('/');
    for (const i of segments.keys()) {
      const stats = await lstat(join(this.#root, ...segments.slice(0, i + 1))).catch(() => undefined);
      if (!stats || i === segments.length - 1) return stats;
      if (!stats.isDirectory()) return undefined;
    }
    return undefined;
  }

  #remember(path: string) {
    for (let at = path; at !== '.' && !this.#added.has(at); at = posix.dirname(at)) this.#added.add(at);
  }
}

/** The owner's bits are always set: what can't be entered can't be unpacked into or deleted. */
async function setMode(path: string, mode: number) {
  await chmod(path, (mode & 0o777) | 0o700);
}
