import type { GitHub } from './github-api.ts';

/** What a deployment is shown as on GitHub. */
export interface Shown {
  commit: string;
  environment: string;
  /** The log of the run. */
  logUrl?: string;
}

/**
 * Runs a piece of work as a deployment that GitHub shows: in progress while it runs, then success with the URL it
 * returns, failure, or inactive if a later one was faster. It needs `permissions: deployments: write`.
 */
export async function asDeployment<T>(
  github: GitHub,
  { commit, environment, logUrl }: Shown,
  work: () => Promise<T>,
  ends: {
    url: (result: T) => string | undefined;
    /** Whether an error only says that a later deployment was faster. */
    isOvertaken: (error: unknown) => boolean;
    warn: (line: string) => void;
  },
): Promise<T> {
  const created = await github.call('POST', '/deployments', {
    ref: commit,
    environment,
    auto_merge: false,
    // What must be green before a deploy is the workflow's own business.
    required_contexts: [],
  });
  const id = typeof created === 'object' && created && 'id' in created ? created.id : undefined;
  const show = (state: string, url?: string) =>
    github.call('POST', `/deployments/${id}/statuses`, {
      state,
      ...(logUrl && { log_url: logUrl }),
      ...(url && { environment_url: url }),
    });
  await show('in_progress');
  // From here on the work has its own outcome, which a status that could not be set must not change.
  const tell = (state: string, url?: string) =>
    show(state, url).catch((error: unknown) =>
      ends.warn(`GitHub does not show this deployment's end: ${error}`),
    );
  try {
    const result = await work();
    await tell('success', ends.url(result));
    return result;
  } catch (error) {
    await tell(ends.isOvertaken(error) ? 'inactive' : 'failure');
    throw error;
  }
}
