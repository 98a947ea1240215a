import type { LambdaFunction, Reason, Version } from './function.ts';
import type { ImageSource } from './images.ts';
import type { LambdaStore } from './lambda-store.ts';
import { isUnderWay, settle } from './settle.ts';

/** How long Lambda takes, in milliseconds; 0 settles at once, so that the very next call sees the new state. */
export interface Delays {
  /** A new function from Pending to Active. */
  createMs: number;
  /** An update of code or configuration from InProgress to Successful. */
  updateMs: number;
  /** A published version from Pending to Active. */
  publishMs: number;
  /** Provisioned concurrency from IN_PROGRESS to READY. */
  provisionMs: number;
}

/** Short enough for a demo, long enough that a client that doesn't wait is caught. */
export const defaultDelays: Delays = { createMs: 150, updateMs: 150, publishMs: 50, provisionMs: 50 };

/** Moves functions out of Pending and InProgress in their own time, also those that a restart found there. */
export class Transitions {
  readonly #store: LambdaStore;
  readonly #delays: Delays;
  readonly #images: ImageSource;
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(store: LambdaStore, delays: Delays, images: ImageSource) {
    this.#store = store;
    this.#delays = delays;
    this.#images = images;
    for (const fn of store.all) this.schedule(fn);
  }

  /** Sets the clock for everything of a function that is under way. */
  schedule(fn: LambdaFunction): void {
    const { createMs, updateMs, publishMs } = this.#delays;
    for (const version of fn.published) if (isUnderWay(version)) this.#settleAfter(publishMs, fn, version);
    if (isUnderWay(fn.latest))
      this.#settleAfter(fn.latest.state === 'Pending' ? createMs : updateMs, fn, fn.latest);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #settleAfter(delayMs: number, fn: LambdaFunction, version: Version): void {
    const problem = this.#images.inspect(fn, version);
    // Awaited only in a timer's turn: until then a rejection has nobody else to hear it.
    if (problem instanceof Promise) problem.catch(() => {});
    if (delayMs === 0 && !(problem instanceof Promise)) {
      this.#settle(fn.name, version, problem);
      return;
    }
    const timer = setTimeout(async () => {
      this.#timers.delete(timer);
      this.#settle(fn.name, version, await reasonOf(problem));
    }, delayMs);
    this.#timers.add(timer);
  }

  /** Nothing happens to a version that was deleted or has moved on meanwhile: its revision id says so. */
  #settle(name: string, { version, revisionId }: Version, problem: Reason | undefined): void {
    const fn = this.#store.find(name);
    if (this.#stopped || !fn) return;
    const current = version === '$LATEST' ? fn.latest : fn.published.find((one) => one.version === version);
    if (current?.revisionId === revisionId) this.#store.save(settle(fn, version, problem));
  }
}

/** What an inspection found; one that broke is a reason, too: no disk space, for example. */
async function reasonOf(inspection: ReturnType<ImageSource['inspect']>): Promise<Reason | undefined> {
  try {
    return await inspection;
  } catch (error) {
    return { code: 'InternalError', message: error instanceof Error ? error.message : String(error) };
  }
}
