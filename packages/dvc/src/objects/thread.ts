import type { Stats } from 'node:fs';

/** Small objects to be brought from folders into the cache: at each place of the lists, one. */
export interface Cargo {
  from: string[];
  /** The md5 its bytes must have. */
  digest: string[];
  to: string[];
  /** A second file to be made of the same bytes; empty for none. */
  copy: string[];
  /** How the names of temporary files begin; they lie on the filesystem of `to`. */
  temporary: string;
  /** Shared: for each chunk of the lists 1 once some thread is at it. */
  taken: Int32Array;
  /** Shared: eight for each object, inode, size, mtime and ctime of `to`, then of `copy`; all 0 where it was left. */
  stamps: Float64Array;
}

/** What a thread is told. */
export type Order =
  | { kind: 'carry'; id: number; cargo: Cargo; share: number }
  /** To read a file up to some byte (undefined for all of it) and, if it is the end, to answer with the md5 of it all. */
  | { kind: 'hash'; id: number; path: string; upTo: number | undefined; isEnd: boolean };

/** What it answers. */
export interface Answer {
  id: number;
  digest?: string;
  error?: string;
}

/**
 * Brings what it can of a cargo, beginning at its `share` (0 to 1) of it; yields after each chunk. It is read once, and
 * verified before anything is written. What cannot be had this way (absent, large, corrupt, no room) is left, without
 * a trace. Runs on any thread; as `thread`, it stands alone.
 */
export function* carry(cargo: Cargo, share: number): Generator<void> {
  const { hash } = process.getBuiltinModule('node:crypto');
  const { closeSync, fstatSync, lstatSync, openSync, readSync, renameSync, rmSync, writeSync } =
    process.getBuiltinModule('node:fs');
  const { from, digest, to, copy, taken, stamps } = cargo;
  const chunk = Math.ceil(from.length / taken.length);
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  // Methods, not functions: a bundler that keeps the names of functions would have them call a helper of its own.
  const disk = {
    read(path: string): Buffer {
      const file = openSync(path, 'r');
      try {
        return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
      } finally {
        closeSync(file);
      }
    },
    write(path: string, bytes: Buffer, mode: number): Stats {
      const file = openSync(path, 'wx', mode);
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        return fstatSync(file);
      } finally {
        closeSync(file);
      }
    },
    bring(at: number): void {
      const temporary = `${cargo.temporary}-${at}.tmp`;
      try {
        // A buffer that is full says that there may be more.
        const bytes = disk.read(from[at]!);
        if (bytes.length === buffer.length || hash('md5', bytes) !== digest[at]) return;
        const copied = copy[at] ? disk.write(copy[at], bytes, 0o666) : undefined;
        disk.write(temporary, bytes, 0o444);
        renameSync(temporary, to[at]!);
        for (const [offset, stat] of [lstatSync(to[at]!), copied].entries())
          if (stat) stamps.set([stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs], at * 8 + offset * 4);
      } catch {
        rmSync(temporary, { force: true });
        if (copy[at]) rmSync(copy[at], { force: true });
      }
    },
  };
  for (let step = 0; step < taken.length; step++) {
    // Each thread has a stretch of its own first: two at once in the same folder would wait for each other.
    const next = (Math.floor(share * taken.length) + step) % taken.length;
    if (Atomics.exchange(taken, next, 1) === 1) continue;
    for (let at = next * chunk; at < Math.min((next + 1) * chunk, from.length); at++) disk.bring(at);
    yield;
  }
}

/**
 * The whole program of a thread of ours. It stands alone, names nothing from outside, and is started from its own text:
 * so it also runs from a bundle, where there is no second file to start.
 */
export function thread(bring: typeof carry): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { closeSync, openSync, readSync } = process.getBuiltinModule('node:fs');
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  const files = new Map<number, { handle: number; hash: ReturnType<typeof createHash>; position: number }>();
  const hashing = {
    read({ id, path, upTo, isEnd }: Extract<Order, { kind: 'hash' }>): Answer | undefined {
      const file = files.get(id) ?? { handle: openSync(path, 'r'), hash: createHash('md5'), position: 0 };
      files.set(id, file);
      for (;;) {
        const want = Math.min(buffer.length, (upTo ?? Number.POSITIVE_INFINITY) - file.position);
        const count = want > 0 ? readSync(file.handle, buffer, 0, want, file.position) : 0;
        if (count === 0) break;
        file.hash.update(buffer.subarray(0, count));
        file.position += count;
      }
      if (!isEnd) return undefined;
      closeSync(file.handle);
      files.delete(id);
      return { id, digest: file.hash.digest('hex') };
    },
  };
  parentPort?.on('message', (order: Order) => {
    try {
      if (order.kind === 'carry') for (const _ of bring(order.cargo, order.share));
      const answer = order.kind === 'carry' ? { id: order.id } : hashing.read(order);
      if (answer) parentPort.postMessage(answer);
    } catch (error) {
      files.delete(order.id);
      parentPort.postMessage({ id: order.id, error: String(error) });
    }
  });
}
