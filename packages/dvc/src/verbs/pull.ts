import { Staging } from '../checkout/staging.ts';
import { locked } from '../workspace/lock.ts';
import type { Repo } from '../workspace/repo.ts';
import { type CheckoutOptions, type CheckoutResult, checkoutTargets } from './checkout.ts';
import { type FetchOptions, fetchTargets, refuseImports } from './fetch.ts';

/** What a pull can be asked. */
export interface PullOptions extends FetchOptions, CheckoutOptions {}

/** What a pull did; `files` and `sizeBytes` count objects fetched. */
export interface PullResult extends CheckoutResult {
  files: number;
  sizeBytes: number;
}

/** Fetches what the targets need, verified, then puts it in place; throws before anything is changed if it cannot be complete. */
export async function pull(repo: Repo, options: PullOptions = {}): Promise<PullResult> {
  return locked(repo, async () => {
    const staging = new Staging(repo);
    try {
      const { targets, refused, fetched, jobs } = await fetchTargets(repo, options, staging);
      const result = await checkoutTargets(repo, targets, fetched.missing, { ...options, jobs, staging });
      refuseImports(repo, refused);
      return { files: fetched.files, sizeBytes: fetched.sizeBytes, ...result };
    } finally {
      staging.remove();
    }
  });
}
