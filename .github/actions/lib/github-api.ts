/** GitHub refused a call, or could not be reached. */
export class GitHubError extends Error {
  override name = 'GitHubError';
  readonly hint: string | undefined;
  constructor(message: string, status: number | undefined, options?: ErrorOptions) {
    super(message, options);
    this.hint =
      status === 401 || status === 403 || status === 404
        ? 'The job may not do this: give it the permissions that the README names, and pass its token on.'
        : undefined;
  }
}

/** As much of GitHub's REST API as an action needs. */
export interface GitHub {
  /** Calls a path below /repos/owner/name and returns the JSON it answers. @throws GitHubError */
  call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
}

/** GitHub's API for one repository, as the holder of a token. */
export function github(options: { apiUrl: string; repository: string; token: string }): GitHub {
  return {
    async call(method, path, body) {
      const url = `${options.apiUrl}/repos/${options.repository}${path}`;
      const response = await fetch(url, {
        method,
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${options.token}`,
          'content-type': 'application/json',
          'user-agent': 'mainline',
          'x-github-api-version': '2022-11-28',
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      }).catch((cause: unknown) => {
        throw new GitHubError(`[${method}] ${url}: no answer`, undefined, { cause });
      });
      if (!response.ok)
        throw new GitHubError(
          `[${method}] ${url}: ${response.status} ${response.statusText}`,
          response.status,
        );
      return response.json();
    },
  };
}
