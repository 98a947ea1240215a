import { randomUUID } from 'node:crypto';
import type { LambdaFunction, Reason, Version } from './function.ts';
import type { LambdaStore } from './lambda-store.ts';

/** How long Lambda takes, in milliseconds. */
export interface Delays {
  /** A new function from Pending to Active. */
  createMs: number;
  /** An update of code or configuration from InProgress to Successful. */
  updateMs: number;
  /** A published version from Pending to Active. */
  publishMs: number;
}

/** Short enough for a demo, long enough that a client that doesn't wait is caught. */
export const defaultDelays: Delays = { createMs: 150, updateMs: 150, publishMs: 50 };

/** Moves functions out of Pending and InProgress in their own time, also those that a restart found there. */
export class Transitions {
  readonly #store: LambdaStore;
  readonly #delays: Delays;
  readonly #inspect: (version: Version) => Reason | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();

  /** `inspect` finds what is wrong with an image only once Lambda looks inside. */
  constructor(store: LambdaStore, delays: Delays, inspect: (version: Version) => Reason | undefined) {
    this.#store = store;
    this.#delays = delays;
    this.#inspect = inspect;
    for (const fn of store.all) this.schedule(fn);
  }

  /** Sets the clock for everything of a function that is under way. */
  schedule(fn: LambdaFunction): void {
    if (fn.latest.state === 'Pending') this.#after(this.#delays.createMs, fn.name, '$LATEST');
    else if (fn.latest.updateStatus === 'InProgress') this.#after(this.#delays.updateMs, fn.name, '$LATEST');
    for (const { state, version } of fn.published)
      if (state === 'Pending') this.#after(this.#delays.publishMs, fn.name, version);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #after(delayMs: number, name: string, version: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const fn = this.#store.find(name);
      if (!fn) return;
      const settled = version === '$LATEST' ? this.#settleLatest(fn) : this.#settlePublished(fn, version);
      if (settled) this.#store.save(settled);
    }, delayMs);
    this.#timers.add(timer);
  }

  /** A new revision id comes with every state: Lambda's do change when an update settles. */
  #settleLatest(fn: LambdaFunction): LambdaFunction | undefined {
    const { stateReason, updateReason, ...latest } = fn.latest;
    const problem = this.#inspect(latest);
    const revisionId = randomUUID();
    if (latest.state === 'Pending') {
      const next: Version = problem
        ? {
            ...latest,
            revisionId,
            state: 'Failed',
            stateReason: problem,
            updateStatus: 'Failed',
            updateReason: problem,
          }
        : { ...latest, revisionId, state: 'Active', updateStatus: 'Successful' };
      return { ...fn, latest: next, serving: next };
    }
    if (latest.updateStatus !== 'InProgress') return undefined;
    const next: Version = problem
      ? { ...fn.serving, revisionId, updateStatus: 'Failed', updateReason: problem }
      : { ...latest, revisionId, state: 'Active', updateStatus: 'Successful' };
    return { ...fn, latest: next, serving: next };
  }

  #settlePublished(fn: LambdaFunction, number: string): LambdaFunction {
    const published = fn.published.map((one): Version => {
      if (one.version !== number || one.state !== 'Pending') return one;
      const { stateReason, updateReason, ...version } = one;
      const problem = this.#inspect(version);
      return problem
        ? { ...version, state: 'Failed', stateReason: problem, updateStatus: 'Failed', updateReason: problem }
        : { ...version, state: 'Active', updateStatus: 'Successful' };
    });
    return { ...fn, published };
  }
}
