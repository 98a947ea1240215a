import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryError } from '../errors.ts';

/** How often a registry is asked, and how long the first wait is; each further one doubles. */
export interface Patience {
  attempts: number;
  firstWaitMs: number;
}

const longestWaitMs = 60_000;

const isPassing = (error: unknown) =>
  error instanceof RegistryError && (error.status === 0 || error.status === 429 || error.status >= 500);

/**
 * Does `work` until it succeeds or fails for good. Only what may pass is tried again: no answer, 429 (waiting as long
 * as `Retry-After` says), 5xx. The wait is jittered so that parallel uploads don't return in step.
 */
export async function retry<T>(patience: Patience, work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= patience.attempts || !isPassing(error)) throw error;
      const backoffMs = patience.firstWaitMs * 2 ** (attempt - 1) * (0.5 + Math.random());
      const askedMs = error instanceof RegistryError ? (error.retryAfterMs ?? 0) : 0;
      if (askedMs > longestWaitMs) throw error;
      await sleep(Math.max(backoffMs, askedMs));
    }
  }
}
