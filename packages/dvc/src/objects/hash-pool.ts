import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DvcError } from '../errors.ts';
import { type HashAnswer, type HashOrder, hashWorker } from './hash-worker.ts';

/** A file being hashed on another thread, maybe while it is still being written. */
export interface RunningHash {
  /** Says that all bytes before this one are in the file and will not change. */
  advance(upTo: number): void;
  /** The md5 in hex of the first `sizeBytes` bytes (of all), once they are read. */
  end(sizeBytes?: number): Promise<string>;
}

interface Thread {
  worker: Worker;
  busy: number;
}

const threads: Thread[] = [];
const waiting = new Map<
  number,
  { resolve(digest: string): void; reject(error: Error): void; thread: Thread }
>();
let lastId = 0;

/** Begins to hash the file at `path` on the least busy thread. */
export function hashInWorker(path: string): RunningHash {
  const id = ++lastId;
  const thread = pick();
  thread.busy += 1;
  const tell = (order: Omit<HashOrder, 'id' | 'path'>): void =>
    thread.worker.postMessage({ id, path, ...order });
  return {
    advance: (upTo) => tell({ upTo, isEnd: false }),
    end: (sizeBytes) =>
      new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject, thread });
        thread.worker.ref();
        tell({ upTo: sizeBytes, isEnd: true });
      }),
  };
}

function pick(): Thread {
  const most = Math.max(1, Math.min(4, availableParallelism()));
  const idle = threads.find(({ busy }) => busy === 0);
  if (idle) return idle;
  if (threads.length < most) threads.push(start());
  return threads.reduce((least, thread) => (thread.busy < least.busy ? thread : least));
}

function start(): Thread {
  const thread: Thread = { worker: new Worker(`(${hashWorker})()`, { eval: true }), busy: 0 };
  // A thread alone must not keep the program from ending.
  thread.worker.unref();
  thread.worker.on('message', ({ id, digest, error }: HashAnswer) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    thread.busy -= 1;
    if (thread.busy === 0) thread.worker.unref();
    if (digest !== undefined) waiter?.resolve(digest);
    else waiter?.reject(new DvcError(`cannot hash: ${error}`));
  });
  thread.worker.on('error', (error) => {
    threads.splice(threads.indexOf(thread), 1);
    for (const [id, waiter] of waiting) {
      if (waiter.thread !== thread) continue;
      waiting.delete(id);
      waiter.reject(new DvcError(`a hashing thread failed: ${error}`, { cause: error }));
    }
  });
  return thread;
}
