/** Anything that ends a deploy; `hint` is what to do next. The alias serves what it served before, unless it says otherwise. */
export class DeployError extends Error {
  override name = 'DeployError';
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** The request itself can't be right; nothing was sent. */
export class RequestError extends DeployError {
  override name = 'RequestError';
}

/** JSON from outside is not what it should be; names the field. */
export class ShapeError extends DeployError {
  override name = 'ShapeError';
}

/** AWS refused a call, for good or after all retries. `code` is its own name for why, `status` the HTTP status if any. */
export class AwsRefusal extends DeployError {
  override name = 'AwsRefusal';
  readonly code: string;
  readonly status: number | undefined;

  constructor(call: string, code: string, status: number | undefined, cause: Error) {
    super(
      status === undefined
        ? `No answer to ${call}: ${cause.message}`
        : `AWS refused ${call}: ${status} ${code}: ${cause.message}`,
      hints[code] ?? hintByStatus(status),
      { cause },
    );
    this.code = code;
    this.status = status;
  }
}

function hintByStatus(status: number | undefined): string | undefined {
  if (status === undefined) return 'Is the region right, and does the network let this through?';
  if (status === 429 || status >= 500)
    return 'That was the last of several attempts. Run this step again later: it goes on from what is there.';
  return undefined;
}

const signIn =
  'Sign in before this step (for example aws-actions/configure-aws-credentials with role-to-assume, and permissions: id-token: write).';

const hints: Record<string, string> = {
  AccessDeniedException:
    'Give the role that deploys this permission; docs/deploying.md lists the ones it needs.',
  ExpiredTokenException:
    'The credentials ran out while deploying: ask for a longer session, or sign in nearer to this step.',
  UnrecognizedClientException: signIn,
  InvalidSignatureException: signIn,
  CredentialsProviderError: signIn,
};

/** The function isn't there and the request doesn't say how to create it. */
export class FunctionMissing extends DeployError {
  override name = 'FunctionMissing';
}

/** The function was made from a zip; its package type can't change. */
export class FunctionIsZip extends DeployError {
  override name = 'FunctionIsZip';
}

/** Lambda took the image and could not run it. `code` is the reason code, turned into advice in `hint`. */
export class UpdateFailed extends DeployError {
  override name = 'UpdateFailed';
  readonly code: string;

  constructor(what: string, code: string, reason: string | undefined, hint: string) {
    super(`${what} failed: ${code}${reason ? `: ${reason}` : ''}`, hint);
    this.code = code;
  }
}

/** What Lambda serves is not the image that was asked for. */
export class DigestMismatch extends DeployError {
  override name = 'DigestMismatch';
}

/** The new version answered golden requests wrongly, or not at all. */
export class GoldenFailed extends DeployError {
  override name = 'GoldenFailed';
}

/** Something else changed the function or the alias in the middle; the deploy can start over. */
export class LostRace extends DeployError {
  override name = 'LostRace';
}

/** The time ran out; says what was waited for and the last thing seen. */
export class TimedOut extends DeployError {
  override name = 'TimedOut';
}

/** An alarm says that the traffic goes badly. */
export class AlarmRaised extends DeployError {
  override name = 'AlarmRaised';
}

/** The commit is older than the one that is live. */
export class StaleCommit extends DeployError {
  override name = 'StaleCommit';
}

/** Lambda hides the function's environment, so it can't be added to. */
export class EnvironmentUnreadable extends DeployError {
  override name = 'EnvironmentUnreadable';
}

/** There is no such version or alias to go back to. */
export class NothingToRollBack extends DeployError {
  override name = 'NothingToRollBack';
}

/** A deploy failed and the alias could not be put back. The worst that can happen here; the cause is why the deploy failed. */
export class NotRestored extends DeployError {
  override name = 'NotRestored';
}
