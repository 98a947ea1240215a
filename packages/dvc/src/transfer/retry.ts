import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../stores/store.ts';

/** How often, and how long between: doubling from `firstDelayMs`, with jitter. */
export interface Patience {
  attempts: number;
  firstDelayMs: number;
  /** What was achieved so far, in any unit: while it grows, attempts are counted anew. */
  progress?: () => number;
}

/** What every transfer gets: six tries over some ten seconds, and half a minute to bring a few bytes. */
export const patience = { attempts: 6, firstDelayMs: 200, paceMs: 30_000 };

/** However much progress there is, no more tries than this. */
const mostAttempts = 100;

/** The one place that retries: does `work` again while it fails in a way that may pass. */
export async function retry<T>(work: () => Promise<T>, options: Partial<Patience> = {}): Promise<T> {
  const { attempts, firstDelayMs, progress }: Patience = { ...patience, ...options };
  let fruitless = 0;
  let reached = progress?.() ?? 0;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const now = progress?.() ?? 0;
      fruitless = now > reached ? 1 : fruitless + 1;
      reached = now;
      if (
        !(error instanceof StoreError && error.retryable) ||
        fruitless >= attempts ||
        attempt >= mostAttempts
      )
        throw error;
      await sleep(firstDelayMs * 2 ** (fruitless - 1) * (0.75 + Math.random() / 2));
    }
  }
}

/** After so many failures nothing more is begun: what fails so often is not the object. */
const enoughFailures = 20;

/** Runs `work` over all items, at most `limit` at once; failures are collected, not thrown, so that the rest goes on. */
export async function eachLimited<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<Error[]> {
  const failures: Error[] = [];
  const iterator = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    while (failures.length < enoughFailures) {
      const next = iterator.next();
      if (next.done) return;
      try {
        await work(next.value);
      } catch (error) {
        failures.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return failures;
}
