import { UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import type { FunctionState } from '../describe-function.ts';
import { LostRace } from '../errors.ts';
import type { Lambda } from '../patience.ts';
import type { DeployRequest } from '../request.ts';
import { refusedAsChanged } from './lost-race.ts';
import { checkSettled, settle } from './settle.ts';

/**
 * Puts the image into $LATEST, unless it is there and well, and waits until Lambda runs it. The revision id makes
 * Lambda refuse if anything changed the function since it was looked at.
 * @throws UpdateFailed, LostRace
 */
export async function updateCode(
  lambda: Lambda,
  request: DeployRequest,
  digest: string,
  before: FunctionState,
): Promise<FunctionState> {
  const what = `The update of ${request.functionName} to ${digest}`;
  if (before.digest === digest && before.lastUpdate === 'Successful' && before.state !== 'Failed')
    return before;
  await refusedAsChanged(
    `${request.functionName} was changed by something else`,
    lambda.send(
      new UpdateFunctionCodeCommand({
        FunctionName: request.functionName,
        ImageUri: request.image,
        RevisionId: before.revisionId,
      }),
    ),
  );
  const after = await settle(lambda, request.functionName);
  if (after.digest !== digest)
    throw new LostRace(
      `${request.functionName} was given another image (${after.digest ?? 'none'}) meanwhile`,
    );
  checkSettled(after, what);
  return after;
}
