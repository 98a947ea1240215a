import { PublishVersionCommand } from '@aws-sdk/client-lambda';
import type { FunctionState } from '../describe-function.ts';
import { DigestMismatch } from '../errors.ts';
import type { Lambda } from '../patience.ts';
import type { DeployRequest } from '../request.ts';
import { formatStamp } from '../stamp.ts';
import { refusedAsChanged } from './lost-race.ts';
import { checkSettled, settle } from './settle.ts';

/**
 * Freezes $LATEST as a version, only if it is still what was verified, and waits until it can be invoked. When
 * nothing changed since the last version, Lambda gives that one back.
 * @throws LostRace, UpdateFailed, DigestMismatch
 */
export async function publishVersion(
  lambda: Lambda,
  request: DeployRequest,
  digest: string,
  verified: FunctionState,
): Promise<string> {
  const { functionName, commit, modelVersion } = request;
  const published = await refusedAsChanged(
    `${functionName} was changed by something else before it could be published`,
    lambda.send(
      new PublishVersionCommand({
        FunctionName: functionName,
        RevisionId: verified.revisionId,
        CodeSha256: verified.codeSha256,
        Description: formatStamp({
          digest,
          ...(commit && { commit }),
          ...(modelVersion && { model: modelVersion }),
        }),
      }),
    ),
  );
  const version = published.Version;
  if (!version)
    throw new DigestMismatch(`Lambda published ${functionName} without saying which version it is`);
  const settled = await settle(lambda, functionName, version);
  checkSettled(settled, `Version ${version} of ${functionName}`);
  if (settled.digest !== digest)
    throw new DigestMismatch(
      `Version ${version} of ${functionName} runs ${settled.digest ?? 'an unknown image'}, not ${digest}`,
      'The alias was not moved. Run this step again.',
    );
  return version;
}
