import { existsSync, readdirSync } from 'node:fs';
import type { Repo } from '@mainline/dvc';
import type { Job } from '../lib/action.ts';

/** What GitHub's cache can do for a pull: nothing where the runner has none. */
export interface RunnerCache {
  /** Whether the objects behind a digest were there and are in the repository's cache now. */
  restore(): Promise<boolean>;
  /** Keeps the repository's cache under the digest, for the next job. */
  save(): Promise<void>;
}

/**
 * GitHub's cache, keyed by the md5 of the content itself: a hit can only be the right data, and costs no S3 traffic.
 * A repository that has objects already (a runner of one's own) is left alone: there is nothing to gain.
 */
export async function openRunnerCache(
  repo: Repo,
  digest: string,
  job: Job,
): Promise<RunnerCache | undefined> {
  if (existsSync(repo.cache.root) && readdirSync(repo.cache.root).some((name) => name !== 'tmp'))
    return undefined;
  // Loaded only if asked for: it brings a storage client of its own.
  const { isFeatureAvailable, restoreCache, saveCache } = await import('@actions/cache');
  if (!isFeatureAvailable()) {
    job.warn('cache: true has no effect: this runner has no cache service');
    return undefined;
  }
  const key = `dvc-${digest}`;
  const paths = [repo.cache.root];
  return {
    async restore() {
      // It answers with keys that only begin the same, too.
      return (await restoreCache(paths, key)) === key;
    },
    async save() {
      try {
        await saveCache(paths, key);
      } catch (error) {
        // The data is in place; that the next job has to fetch it again is no failure of this one.
        job.warn(
          `the data could not be kept in GitHub's cache: ${error instanceof Error ? error.message : error}`,
        );
      }
    },
  };
}
