/** What a worker is told: to read a file up to some byte, and, if it is the end, to answer with the md5 of it all. */
export interface HashOrder {
  id: number;
  path: string;
  /** Up to which byte the file is complete; undefined for all of it. */
  upTo: number | undefined;
  isEnd: boolean;
}

/** What it answers. */
export interface HashAnswer {
  id: number;
  digest?: string;
  error?: string;
}

/**
 * The whole program of a hashing thread. It stands alone, names nothing from outside, and is started from its own
 * text: so it also runs from a bundle, where there is no second file to start.
 */
export function hashWorker(): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { closeSync, openSync, readSync } = process.getBuiltinModule('node:fs');
  const { parentPort } = process.getBuiltinModule('node:worker_threads');
  const buffer = Buffer.allocUnsafeSlow(1 << 20);
  const files = new Map<number, { handle: number; hash: ReturnType<typeof createHash>; position: number }>();
  parentPort?.on(
    'message',
    ({ id, path, upTo, isEnd }: { id: number; path: string; upTo: number | undefined; isEnd: boolean }) => {
      try {
        let file = files.get(id);
        if (!file) {
          file = { handle: openSync(path, 'r'), hash: createHash('md5'), position: 0 };
          files.set(id, file);
        }
        for (;;) {
          const want = Math.min(buffer.length, (upTo ?? Number.POSITIVE_INFINITY) - file.position);
          const count = want > 0 ? readSync(file.handle, buffer, 0, want, file.position) : 0;
          if (count === 0) break;
          file.hash.update(buffer.subarray(0, count));
          file.position += count;
        }
        if (!isEnd) return;
        closeSync(file.handle);
        files.delete(id);
        parentPort?.postMessage({ id, digest: file.hash.digest('hex') });
      } catch (error) {
        files.delete(id);
        parentPort?.postMessage({ id, error: String(error) });
      }
    },
  );
}
