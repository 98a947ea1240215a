import type { Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { isAbsolute, join, posix, resolve } from 'node:path';
import { InvalidLayer } from '../errors.ts';
import type { TarHeader } from '../tar/header.ts';
import type { Component } from './sbom.ts';

/** A folder on disk and where it goes in the image. */
export interface LayerSource {
  /** What the layer is called in logs, history and {@link annotations}: runtime, app, model. */
  name: string;
  /** The folder whose content is taken. */
  from: string;
  /** Absolute path in the image. */
  to: string;
  /** Adds a bill of materials to the layer: its npm packages and these. */
  sbom?: Component[];
}

/** An entry of a layer and where its content comes from. */
export interface TreeEntry extends TarHeader {
  type: 'file' | 'directory' | 'symlink';
  /** Path on this machine, or the content itself. */
  source: string | Buffer;
}

/**
 * Everything a layer will hold, in the order of the tar: each parent directory first, names by their UTF-8 bytes. Modes
 * are 0755 for directories and executables, 0644 otherwise: Lambda's user must be able to read all of it. Throws
 * {@link InvalidLayer} for what can't be carried: nothing at all, a link out of the folder, a socket.
 */
export async function listTree({ name, from, to }: LayerSource): Promise<TreeEntry[]> {
  const root = resolve(from);
  const stats = await lstat(root).catch((cause) => {
    throw new InvalidLayer(`Layer ${name}: there is no folder ${from}.`, { cause });
  });
  if (!stats.isDirectory()) throw new InvalidLayer(`Layer ${name}: ${from} is not a folder.`);
  const target = posix.normalize(to).replace(/\/+$/, '');
  if (!to.startsWith('/'))
    throw new InvalidLayer(`Layer ${name}: ${to} is not an absolute path in the image.`);

  const entries: TreeEntry[] = [];
  const segments = target.split('/').slice(1);
  for (const i of segments.keys())
    entries.push({
      path: segments.slice(0, i + 1).join('/'),
      type: 'directory',
      mode: 0o755,
      size: 0,
      source: root,
    });
  const parents = entries.length;
  await walk(name, root, '', target.slice(1), entries);
  if (entries.length === parents) throw new InvalidLayer(`Layer ${name}: ${from} is empty.`);
  return entries;
}

async function walk(layer: string, root: string, inside: string, target: string, entries: TreeEntry[]) {
  const names = await readdir(join(root, inside));
  names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) {
    const relative = posix.join(inside, name);
    const source = join(root, relative);
    const entry = await describe(layer, source, relative, await lstat(source));
    entries.push({ ...entry, path: posix.join(target, relative), source });
    if (entry.type === 'directory') await walk(layer, root, relative, target, entries);
  }
}

async function describe(layer: string, source: string, relative: string, stats: Stats) {
  const name = posix.basename(relative);
  // Node shows bytes that are no UTF-8 as U+FFFD; `.wh.` means "delete" to whoever unpacks the layer.
  if (name.includes('\ufffd')) throw new InvalidLayer(`Layer ${layer}: the name of ${source} is not UTF-8.`);
  if (name.startsWith('.wh.'))
    throw new InvalidLayer(
      `Layer ${layer}: ${source} would delete a file of a lower layer, by its name (.wh.).`,
    );
  if (stats.isDirectory()) return { type: 'directory', mode: 0o755, size: 0 } as const;
  if (stats.isFile())
    return { type: 'file', mode: stats.mode & 0o111 ? 0o755 : 0o644, size: stats.size } as const;
  if (stats.isSymbolicLink()) {
    const link = await readlink(source);
    if (isAbsolute(link) || posix.join(posix.dirname(relative), link).split('/')[0] === '..')
      throw new InvalidLayer(`Layer ${layer}: ${source} links out of the folder, to ${link}.`, {
        hint: 'Copy what it points at into the folder (cp -rL).',
      });
    return { type: 'symlink', mode: 0o777, size: 0, link } as const;
  }
  throw new InvalidLayer(`Layer ${layer}: ${source} is neither a file, a folder nor a link.`);
}
