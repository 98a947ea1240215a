import { createHash, type Hash, hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { HashName } from './oid.ts';
import { hashInThread } from './threads.ts';

/** DVC 2 converted line ends chunk by chunk: a CRLF that two chunks share stays one. */
export const chunkBytes = 1 << 20;
/** Files up to this size are hashed where they are asked about: a thread would cost more than it saves. */
const inlineBytes = 1 << 20;

/** Feeds bytes, in pieces of any size, to md5; for DVC 2's variant as if text files had LF line ends. */
export class Hasher {
  private readonly hash: Hash = createHash('md5');
  private readonly chunk: Buffer | undefined;
  private filled = 0;
  constructor(name: HashName) {
    if (name === 'md5-dos2unix') this.chunk = Buffer.allocUnsafe(chunkBytes);
  }

  /** Takes the next bytes. */
  update(bytes: Buffer): void {
    const { chunk } = this;
    if (!chunk) return void this.hash.update(bytes);
    for (let at = 0; at < bytes.length; ) {
      const taken = bytes.copy(chunk, this.filled, at, at + chunkBytes - this.filled);
      at += taken;
      this.filled += taken;
      if (this.filled === chunkBytes) this.flush(chunk);
    }
  }

  /** The md5 of all bytes taken, in hex. */
  digest(): string {
    if (this.chunk) this.flush(this.chunk);
    return this.hash.digest('hex');
  }

  private flush(chunk: Buffer): void {
    const bytes = chunk.subarray(0, this.filled);
    this.filled = 0;
    this.hash.update(isText(bytes) ? dos2unix(bytes) : bytes);
  }
}

/** DVC 2's guess from a chunk's first 512 bytes: no NUL, and at most 30 % outside of printable ASCII. */
function isText(chunk: Buffer): boolean {
  const head = chunk.subarray(0, 512);
  if (head.includes(0)) return false;
  let odd = 0;
  for (const byte of head)
    if (!((byte >= 0x20 && byte <= 0x7e) || byte === 12 || (byte >= 8 && byte <= 10) || byte === 13))
      odd += 1;
  return odd <= head.length * 0.3;
}

function dos2unix(chunk: Buffer): Buffer {
  if (!chunk.includes('\r\n')) return chunk;
  return Buffer.from(chunk.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}

/** The hash of some bytes. */
export function hashBytes(bytes: Buffer, name: HashName): string {
  if (name === 'md5') return hash('md5', bytes);
  const hasher = new Hasher(name);
  hasher.update(bytes);
  return hasher.digest();
}

/** The hash of a file's bytes; large ones are read on another thread. */
export async function hashFile(path: string, name: HashName): Promise<string> {
  // DVC 2's variant is for old pointers only, and not worth a thread.
  if (name === 'md5-dos2unix' || statSync(path).size <= inlineBytes)
    return hashBytes(readFileSync(path), name);
  return hashInThread(path).end();
}
