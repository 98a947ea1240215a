import { UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { FunctionState } from '../aws/function.ts';
import type { Lambda } from '../aws/lambda.ts';
import { differences } from '../differences.ts';
import { EnvironmentUnreadable } from '../errors.ts';
import type { DeployRequest } from '../request.ts';
import { refusedAsChanged } from './lost-race.ts';
import { checkSettled, settle } from './settle.ts';

/**
 * Changes the configuration of $LATEST where it differs from what was asked, and nothing else. It comes after the
 * code: a function whose image is gone takes no other change before.
 * @throws EnvironmentUnreadable, UpdateFailed, LostRace
 */
export async function updateConfiguration(
  lambda: Lambda,
  { functionName, configuration = {} }: DeployRequest,
  before: FunctionState,
): Promise<FunctionState> {
  if (differences(before, configuration).length === 0) return before;
  const { role, memoryMb, timeoutSeconds, environment, snapStart } = configuration;
  if (environment && !before.environment)
    throw new EnvironmentUnreadable(
      `The environment of ${functionName} can't be read, and setting a variable would wipe the others`,
      'Let the role that deploys use the key that encrypts it (kms:Decrypt).',
    );
  await refusedAsChanged(
    functionName,
    lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: functionName,
        RevisionId: before.revisionId,
        ...(role && { Role: role }),
        ...(memoryMb && { MemorySize: memoryMb }),
        ...(timeoutSeconds && { Timeout: timeoutSeconds }),
        ...(environment && { Environment: { Variables: { ...before.environment, ...environment } } }),
        ...(snapStart !== undefined && { SnapStart: { ApplyOn: snapStart ? 'PublishedVersions' : 'None' } }),
      }),
    ),
  );
  const after = await settle(lambda, functionName);
  checkSettled(after, `The new configuration of ${functionName}`);
  return after;
}
