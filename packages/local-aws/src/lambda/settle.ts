import { randomUUID } from 'node:crypto';
import type { LambdaFunction, Reason, Version } from './function.ts';

/** Whether a version is on its way somewhere. */
export function isUnderWay(version: Version): boolean {
  return version.state === 'Pending' || version.updateStatus === 'InProgress';
}

/**
 * The function once `version` (a number or `$LATEST`) is through with what it was doing: `problem` is what Lambda found
 * wrong with it. Every settled state has a revision id of its own, as Lambda's do.
 */
export function settle(fn: LambdaFunction, version: string, problem: Reason | undefined): LambdaFunction {
  if (version !== '$LATEST')
    return {
      ...fn,
      published: fn.published.map((one) => (one.version === version ? arrived(one, problem) : one)),
    };
  const isCreated = fn.latest.state === 'Pending';
  // A failed update leaves the code that served before; only a function that never had any is Failed itself.
  const latest = problem && !isCreated ? failedUpdate(fn.serving, problem) : arrived(fn.latest, problem);
  return { ...fn, latest, serving: latest };
}

function arrived(version: Version, problem: Reason | undefined): Version {
  if (!isUnderWay(version)) return version;
  const { stateReason, updateReason, ...rest } = version;
  const revisionId = randomUUID();
  return problem
    ? {
        ...rest,
        revisionId,
        state: 'Failed',
        stateReason: problem,
        updateStatus: 'Failed',
        updateReason: problem,
      }
    : { ...rest, revisionId, state: 'Active', updateStatus: 'Successful' };
}

function failedUpdate(serving: Version, problem: Reason): Version {
  return { ...serving, revisionId: randomUUID(), updateStatus: 'Failed', updateReason: problem };
}
