import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { HashName } from './oid.ts';

const chunkBytes = 1 << 20;

/** Feeds chunks to md5; for DVC 2's variant as if text files had LF line ends. Chunks must be those DVC reads: 1 MiB. */
export class Hasher {
  private readonly hash: Hash = createHash('md5');
  private readonly name: HashName;
  constructor(name: HashName) {
    this.name = name;
  }

  /** Takes the next bytes. */
  update(chunk: Buffer): void {
    this.hash.update(this.name === 'md5-dos2unix' && isText(chunk) ? dos2unix(chunk) : chunk);
  }

  /** The md5 of all bytes taken, in hex. */
  digest(): string {
    return this.hash.digest('hex');
  }
}

/** DVC 2's guess from a chunk's first 512 bytes: no NUL, and at most 30 % outside of printable ASCII. */
function isText(chunk: Buffer): boolean {
  const head = chunk.subarray(0, 512);
  if (head.includes(0)) return false;
  let odd = 0;
  for (const byte of head)
    if (
      !(
        (byte >= 0x20 && byte <= 0x7e) ||
        byte === 10 ||
        byte === 13 ||
        byte === 9 ||
        byte === 12 ||
        byte === 8
      )
    )
      odd += 1;
  return odd <= head.length * 0.3;
}

function dos2unix(chunk: Buffer): Buffer {
  if (!chunk.includes('\r\n')) return chunk;
  return Buffer.from(chunk.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** The hash of a file's bytes, read 1 MiB at a time; `copyTo` gets every byte that was hashed. */
export async function hashFile(path: string, name: HashName, copyTo?: FileHandle): Promise<string> {
  const file = await open(path, 'r');
  try {
    const hasher = new Hasher(name);
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      // A short read before the end would shift DVC 2's chunk borders, so each chunk is filled.
      let filled = 0;
      while (filled < chunkBytes) {
        const { bytesRead } = await file.read(buffer, filled, chunkBytes - filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      if (filled === 0) return hasher.digest();
      const chunk = buffer.subarray(0, filled);
      hasher.update(chunk);
      if (copyTo) await copyTo.write(chunk);
      if (filled < chunkBytes) return hasher.digest();
    }
  } finally {
    await file.close();
  }
}
