import { adviseOn } from '../advice.ts';
import { describeFunction, type FunctionState } from '../aws/function.ts';
import type { Lambda } from '../aws/lambda.ts';
import { FunctionMissing, UpdateFailed } from '../errors.ts';

/** Waits until nothing is under way in a function, or in one version of it; says how it ended, well or not. */
export async function settle(
  lambda: Lambda,
  functionName: string,
  qualifier?: string,
): Promise<FunctionState> {
  const name = qualifier ? `${functionName}:${qualifier}` : functionName;
  return lambda.until(`${name} is ready`, async (saw) => {
    const found = await describeFunction(lambda, functionName, qualifier);
    if (!found)
      throw new FunctionMissing(`${name} is gone`, 'Something else deleted it. Run this step again.');
    saw(`State ${found.state}, LastUpdateStatus ${found.lastUpdate}`);
    const busy = /^(Pending|Deleting|Deactivating)$/.test(found.state) || found.lastUpdate === 'InProgress';
    return busy ? undefined : found;
  });
}

/** Throws if the state a function settled in is a failure. @throws UpdateFailed with advice */
export function checkSettled(found: FunctionState, what: string): void {
  if (found.state !== 'Failed' && found.lastUpdate !== 'Failed') return;
  const reason = found.state === 'Failed' ? found.stateReason : found.lastUpdateReason;
  throw new UpdateFailed(what, reason?.code ?? 'Failed', reason?.text, adviseOn(reason?.code ?? ''));
}
