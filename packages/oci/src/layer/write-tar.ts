import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { InvalidLayer } from '../errors.ts';
import { blockBytes, encodeHeader } from '../tar/header.ts';
import type { TreeEntry } from './list-tree.ts';

const chunkBytes = 512 * 1024;
const smallBytes = 128 * 1024;
/** More than any header: paths end at 4 kB. */
const headerBytes = 32 * 1024;

/**
 * The tar of these entries as a stream of large chunks, each good until the next is asked for. Small files are read
 * synchronously: for thousands of them a trip to libuv's threads and back costs ten times the read. Throws
 * {@link InvalidLayer} when a file changes its size under it.
 */
export async function* writeTar(entries: TreeEntry[]): AsyncGenerator<Buffer> {
  const chunk = new Chunk();
  for (const entry of entries) {
    yield* chunk.makeRoom(smallBytes + headerBytes);
    chunk.append(encodeHeader(entry));
    if (entry.type !== 'file') continue;
    if (entry.size <= smallBytes && typeof entry.source === 'string') chunk.readWhole(entry);
    else {
      yield* chunk.makeRoom(chunkBytes);
      if (typeof entry.source === 'string') yield* readLarge(entry);
      else yield entry.source;
    }
    chunk.pad(entry.size);
  }
  yield* chunk.makeRoom(2 * blockBytes);
  chunk.append(Buffer.alloc(2 * blockBytes));
  yield* chunk.makeRoom(chunkBytes);
}

class Chunk {
  readonly #bytes = Buffer.allocUnsafe(chunkBytes);
  #filled = 0;

  /** Gives the chunk away when less than this is free in it. */
  *makeRoom(bytes: number): Generator<Buffer> {
    if (this.#filled === 0 || this.#filled + bytes <= chunkBytes) return;
    yield this.#bytes.subarray(0, this.#filled);
    this.#filled = 0;
  }

  append(bytes: Buffer) {
    bytes.copy(this.#bytes, this.#filled);
    this.#filled += bytes.length;
  }

  readWhole(entry: TreeEntry & { source: string | Buffer }) {
    const file = openSync(`${entry.source}`, 'r');
    try {
      // One byte more than there should be, so that a file that grew is seen.
      for (let missing = entry.size + 1; missing > 0; ) {
        const read = readSync(file, this.#bytes, this.#filled, missing, null);
        missing -= read;
        if (missing === 0 || (read === 0 && missing > 1)) throw changed(entry);
        if (read === 0) return;
        this.#filled += read;
      }
    } finally {
      closeSync(file);
    }
  }

  /** Zeros up to the next block. */
  pad(size: number) {
    const end = this.#filled + ((blockBytes - (size % blockBytes)) % blockBytes);
    this.#bytes.fill(0, this.#filled, end);
    this.#filled = end;
  }
}

async function* readLarge(entry: TreeEntry): AsyncGenerator<Buffer> {
  const file = await open(`${entry.source}`);
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let left = entry.size; ; ) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes);
      left -= bytesRead;
      if (left < 0 || (bytesRead === 0 && left > 0)) throw changed(entry);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

const changed = ({ path }: TreeEntry) =>
  new InvalidLayer(`${path} changed while it was read.`, { hint: 'Try again.' });
