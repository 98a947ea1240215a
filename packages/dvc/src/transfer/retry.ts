import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../stores/store.ts';

/** How often, and how long between: doubling from `firstDelayMs`, with jitter. */
export interface Patience {
  attempts: number;
  firstDelayMs: number;
}

/** What every transfer gets: six tries over some ten seconds. */
export const patience: Patience = { attempts: 6, firstDelayMs: 200 };

/** The one place that retries: does `work` again while it fails in a way that may pass. */
export async function retry<T>(
  work: () => Promise<T>,
  { attempts, firstDelayMs }: Patience = patience,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError && error.retryable) || attempt >= attempts) throw error;
      await sleep(firstDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
    }
  }
}

/** Runs `work` over all items, at most `limit` at once; failures are collected, not thrown, so that the rest goes on. */
export async function eachLimited<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<Error[]> {
  const failures: Error[] = [];
  const iterator = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
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
