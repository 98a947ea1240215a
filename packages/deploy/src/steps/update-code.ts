import { UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import type { FunctionState } from '../aws/function.ts';
import type { Lambda } from '../aws/lambda.ts';
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
  const architecture = request.configuration?.architecture ?? before.architecture;
  // An inactive $LATEST is usual, since nobody invokes it; the update wakes it.
  const well = before.lastUpdate === 'Successful' && before.state === 'Active';
  if (before.digest === digest && before.architecture === architecture && well) return before;
  await refusedAsChanged(
    request.functionName,
    lambda.send(
      new UpdateFunctionCodeCommand({
        FunctionName: request.functionName,
        ImageUri: request.image,
        RevisionId: before.revisionId,
        ...(architecture !== before.architecture && { Architectures: [architecture] }),
      }),
    ),
  );
  const after = await settle(lambda, request.functionName);
  checkSettled(after, `The update of ${request.functionName} to ${digest}`);
  return after;
}
