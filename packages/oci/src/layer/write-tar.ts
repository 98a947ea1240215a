import { createReadStream } from 'node:fs';
import { InvalidLayer } from '../errors.ts';
import { blockBytes, encodeHeader, padding } from '../tar/header.ts';
import type { TreeEntry } from './list-tree.ts';

const highWaterMark = 256 * 1024;

/** The tar of these entries as a stream. Throws {@link InvalidLayer} when a file changes its size under it. */
export async function* writeTar(entries: TreeEntry[]): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield encodeHeader(entry);
    if (entry.type !== 'file' || entry.size === 0) continue;
    let missing = entry.size;
    const { source } = entry;
    for await (const chunk of typeof source === 'string'
      ? createReadStream(source, { highWaterMark })
      : [source]) {
      missing -= chunk.length;
      if (missing < 0) break;
      yield chunk;
    }
    if (missing !== 0)
      throw new InvalidLayer(`${entry.path} changed while it was read.`, { hint: 'Try again.' });
    yield padding(entry.size);
  }
  yield Buffer.alloc(2 * blockBytes);
}
