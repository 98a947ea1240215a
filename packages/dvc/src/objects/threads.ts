import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { DvcError } from '../errors.ts';
import type { FileStamp } from '../workspace/state.ts';
import { type Answer, type Cargo, carry, type Order, thread } from './thread.ts';

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
  /** Why it is no more. */
  failure?: DvcError;
}

const mostThreads = Math.max(1, Math.min(4, availableParallelism()));
const threads: Thread[] = [];
const waiting = new Map<
  number,
  { resolve(digest: string): void; reject(error: Error): void; thread: Thread }
>();
let lastId = 0;

/** Begins to hash the file at `path` on the least busy thread. */
export function hashInThread(path: string): RunningHash {
  const id = ++lastId;
  const thread = pick();
  const order = { kind: 'hash', id, path } as const;
  return {
    advance: (upTo) => thread.worker.postMessage({ ...order, upTo, isEnd: false } satisfies Order),
    end: (sizeBytes) => ask(thread, { ...order, upTo: sizeBytes, isEnd: true }),
  };
}

/** A small object to be brought from a folder into the cache: verified, and also to a second, new file if there is a `copy`. */
export interface Load {
  from: string;
  /** The md5 its bytes must have. */
  digest: string;
  to: string;
  copy: string | undefined;
}

/** The files an object became. */
export interface Carried {
  object: FileStamp;
  copy: FileStamp;
}

/** How many objects a thread takes at once. */
const chunk = 32;
/** For fewer than that another thread would still be starting when they are done. */
const worthThread = 256;

/**
 * Brings many small objects at once, on this thread and on others; temporary files begin with `temporary`. Undefined
 * stands for those that were left as they are, for whatever reason.
 */
export async function carryAll(loads: Load[], temporary: string): Promise<(Carried | undefined)[]> {
  const chunks = Math.ceil(loads.length / chunk);
  const cargo: Cargo = {
    from: loads.map(({ from }) => from),
    digest: loads.map(({ digest }) => digest),
    to: loads.map(({ to }) => to),
    copy: loads.map(({ copy }) => copy ?? ''),
    temporary,
    taken: new Int32Array(new SharedArrayBuffer(chunks * Int32Array.BYTES_PER_ELEMENT)),
    stamps: new Float64Array(new SharedArrayBuffer(loads.length * 8 * Float64Array.BYTES_PER_ELEMENT)),
  };
  const count = Math.min(mostThreads, Math.ceil(loads.length / worthThread));
  const others = Array.from({ length: Math.max(0, count - 1) }, (_, at) =>
    ask(pick(), { kind: 'carry', id: ++lastId, cargo, share: (at + 1) / count }),
  );
  // What a thread that broke had taken was left.
  const done = Promise.allSettled(others);
  for (const _ of carry(cargo, 0)) await setImmediate();
  await done;
  const stampAt = (at: number): FileStamp => {
    const [ino = 0, size = 0, mtimeMs = 0, ctimeMs = 0] = cargo.stamps.subarray(at, at + 4);
    return { ino, size, mtimeMs, ctimeMs };
  };
  return loads.map((_, at) =>
    cargo.stamps[at * 8 + 3] ? { object: stampAt(at * 8), copy: stampAt(at * 8 + 4) } : undefined,
  );
}

function ask(thread: Thread, order: Order): Promise<string> {
  return new Promise((resolve, reject) => {
    if (thread.failure) throw thread.failure;
    waiting.set(order.id, { resolve, reject, thread });
    thread.worker.ref();
    thread.worker.postMessage(order);
  });
}

/** The least busy thread, which has one thing more to do from now on. */
function pick(): Thread {
  if (threads.length < mostThreads && threads.every(({ busy }) => busy > 0)) threads.push(start());
  const picked = threads.reduce((least, thread) => (thread.busy < least.busy ? thread : least));
  picked.busy += 1;
  return picked;
}

function start(): Thread {
  // Most runs need no thread, and loading what makes one takes a while.
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const started: Thread = { worker: new Worker(`(${thread})(${carry})`, { eval: true }), busy: 0 };
  // A thread alone must not keep the program from ending.
  started.worker.unref();
  started.worker.on('message', ({ id, digest, error }: Answer) => {
    const waiter = waiting.get(id);
    // It failed before it was asked for the end: it begins anew then.
    if (!waiter) return;
    waiting.delete(id);
    started.busy -= 1;
    if (started.busy === 0) started.worker.unref();
    if (error === undefined) waiter.resolve(digest ?? '');
    else waiter.reject(new DvcError(`cannot read: ${error}`));
  });
  started.worker.on('error', (error) => {
    threads.splice(threads.indexOf(started), 1);
    const failure = new DvcError(`a thread failed: ${error}`, { cause: error });
    started.failure = failure;
    for (const [id, waiter] of waiting) {
      if (waiter.thread !== started) continue;
      waiting.delete(id);
      waiter.reject(failure);
    }
  });
  return started;
}
