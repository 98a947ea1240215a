/** A place that outlives the runner and keeps a folder under a key. Optional by nature: what it can't do it warns of. */
export interface RunnerCache {
  /** Puts the folder back as it was saved; false if nothing was saved under this key. */
  restore(folder: string, key: string): Promise<boolean>;
  /** Keeps the folder; a key that is taken stays as it is. */
  save(folder: string, key: string): Promise<void>;
}

/** GitHub's cache for this job; none where the runner offers none, as outside of GitHub. */
export async function gitHubCache(warn: (line: string) => void): Promise<RunnerCache | undefined> {
  // Loaded only if asked for: it brings a storage client of its own.
  const { isFeatureAvailable, restoreCache, saveCache } = await import('@actions/cache');
  if (!isFeatureAvailable() || !process.env.ACTIONS_RUNTIME_TOKEN) return undefined;
  return {
    restore: (folder, key) =>
      restoreCache([folder], key).then(
        (found) => found === key,
        (error: Error) => {
          warn(`The runner's cache could not be read, so the remote is: ${error.message}`);
          return false;
        },
      ),
    save: (folder, key) =>
      saveCache([folder], key).then(
        () => {},
        (error: Error) => warn(`The runner's cache could not be written: ${error.message}`),
      ),
  };
}
