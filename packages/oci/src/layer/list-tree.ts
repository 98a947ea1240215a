import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
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
  walk(name, root, '', target.slice(1), entries);
  if (entries.length === parents) throw new InvalidLayer(`Layer ${name}: ${from} is empty.`);
  return entries;
}

function walk(layer: string, root: string, inside: string, target: string, entries: TreeEntry[]) {
  for (const bytes of readdirSync(join(root, inside), 'buffer').sort(Buffer.compare)) {
    const name = bytes.toString();
    const relative = inside === '' ? name : `${inside}/${name}`;
    const source = join(root, relative);
    if (!Buffer.from(name).equals(bytes))
      throw new InvalidLayer(`Layer ${layer}: the name of ${source} is not UTF-8.`);
    const entry = describe(layer, source, relative, lstatSync(source));
    entries.push({ ...entry, path: target === '' ? relative : `${target}/${relative}`, source });
    if (entry.type === 'directory') walk(layer, root, relative, target, entries);
  }
}

function describe(layer: string, source: string, relative: string, stats: Stats) {
  const name = posix.basename(relative);
  // `.wh.` means "delete" to whoever unpacks the layer.
  if (name.startsWith('.wh.'))
    throw new InvalidLayer(
      `Layer ${layer}: ${source} would delete a file of a lower layer, by its name (.wh.).`,
    );
  if (stats.isDirectory()) return { type: 'directory', mode: 0o755, size: 0 } as const;
  if (stats.isFile())
    return { type: 'file', mode: stats.mode & 0o111 ? 0o755 : 0o644, size: stats.size } as const;
  if (stats.isSymbolicLink()) {
    const link = readlinkSync(source);
    if (isAbsolute(link) || posix.join(posix.dirname(relative), link).split('/')[0] === '..')
      throw new InvalidLayer(`Layer ${layer}: ${source} links out of the folder, to ${link}.`, {
        hint: 'Copy what it points at into the folder (cp -rL).',
      });
    return { type: 'symlink', mode: 0o777, size: 0, link } as const;
  }
  throw new InvalidLayer(`Layer ${layer}: ${source} is neither a file, a folder nor a link.`);
}
