import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { blobFile } from '../src/layout/layout.ts';
import { readTar } from '../src/tar/read-tar.ts';

/** What is in a folder: `mode content-hash`, `-> link` or `dir` by path. */
export async function treeOf(root: string, inside = ''): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const name of (await readdir(join(root, inside))).sort()) {
    const path = join(inside, name);
    const stats = await lstat(join(root, path));
    if (stats.isDirectory()) Object.assign(tree, { [path]: 'dir' }, await treeOf(root, path));
    else if (stats.isSymbolicLink()) tree[path] = `-> ${await readlink(join(root, path))}`;
    else {
      const hash = createHash('sha256')
        .update(await readFile(join(root, path)))
        .digest('hex')
        .slice(0, 12);
      tree[path] = `${(stats.mode & 0o777).toString(8)} ${hash}`;
    }
  }
  return tree;
}

/** The paths in a layer of a layout, in the tar's order. */
export async function pathsInLayer(layout: string, digest: string): Promise<string[]> {
  const tar = gunzipSync(await readFile(blobFile(layout, digest)));
  const paths: string[] = [];
  for await (const { path } of readTar(
    (async function* () {
      yield tar;
    })(),
  ))
    paths.push(path);
  return paths;
}

/** A blob of a layout as a stream. */
export const openLayer = (layout: string, digest: string) => createReadStream(blobFile(layout, digest));
