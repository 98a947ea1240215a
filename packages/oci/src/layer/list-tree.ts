import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { isAbsolute, posix, resolve } from 'node:path';
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
 * {@link InvalidLayer} for what can't be carried: nothing at all, a link out of the folder, a socket. Synchronous, as a
 * tree of thousands of files is listed ten times as fast that way.
 */
export function listTree({ name, from, to }: LayerSource): TreeEntry[] {
  const root = resolve(from);
  const stats = lstatSync(root, { throwIfNoEntry: false });
  if (!stats) throw new InvalidLayer(`Layer ${name}: there is no folder ${from}.`);
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
  const image = target === '' ? '' : `${target.slice(1)}/`;
  walk(name, { disk: `${root}/`, inside: '', image }, entries);
  if (entries.length === parents) throw new InvalidLayer(`Layer ${name}: ${from} is empty.`);
  return entries;
}

/** A folder while it is listed: on disk, below the layer's root, and in the image; '' or with a slash at the end. */
interface Folder {
  disk: string;
  inside: string;
  image: string;
}

function walk(layer: string, folder: Folder, entries: TreeEntry[]) {
  for (const name of readdirSync(folder.disk).sort(byBytes)) {
    const source = `${folder.disk}${name}`;
    const stats = lstatSync(source, { throwIfNoEntry: false });
    // Node shows bytes that are no UTF-8 as U+FFFD, and then finds no such file.
    if (!stats) throw new InvalidLayer(`Layer ${layer}: ${source} is gone, or its name is not UTF-8.`);
    const path = `${folder.image}${name}`;
    entries.push(describe(layer, source, path, name, `${folder.inside}${name}`, stats));
    if (stats.isDirectory())
      walk(layer, { disk: `${source}/`, inside: `${folder.inside}${name}/`, image: `${path}/` }, entries);
  }
}

/** The order of UTF-8's bytes, which is that of UTF-16 but for surrogates. */
function byBytes(a: string, b: string): number {
  if (/[\ud800-\uffff]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

function describe(
  layer: string,
  source: string,
  path: string,
  name: string,
  inside: string,
  stats: Stats,
): TreeEntry {
  // `.wh.` means "delete" to whoever unpacks the layer.
  if (name.startsWith('.wh.'))
    throw new InvalidLayer(
      `Layer ${layer}: ${source} would delete a file of a lower layer, by its name (.wh.).`,
    );
  if (stats.isDirectory()) return { path, type: 'directory', mode: 0o755, size: 0, source };
  if (stats.isFile())
    return { path, type: 'file', mode: stats.mode & 0o111 ? 0o755 : 0o644, size: stats.size, source };
  if (stats.isSymbolicLink()) {
    const link = readlinkSync(source);
    if (isAbsolute(link) || posix.join(posix.dirname(inside), link).split('/')[0] === '..')
      throw new InvalidLayer(`Layer ${layer}: ${source} links out of the folder, to ${link}.`, {
        hint: 'Copy what it points at into the folder (cp -rL).',
      });
    return { path, type: 'symlink', mode: 0o777, size: 0, link, source };
  }
  throw new InvalidLayer(`Layer ${layer}: ${source} is neither a file, a folder nor a link.`);
}
