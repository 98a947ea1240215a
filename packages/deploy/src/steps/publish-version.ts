import { PublishVersionCommand } from '@aws-sdk/client-lambda';
import type { FunctionState } from '../aws/function.ts';
import type { Lambda } from '../aws/lambda.ts';
import { DigestMismatch } from '../errors.ts';
import { formatStamp, type Stamp } from '../stamp.ts';
import { refusedAsChanged } from './lost-race.ts';
import { checkSettled, settle } from './settle.ts';

/**
 * Freezes $LATEST as a version, only if it is still what was verified, and waits until it can be invoked. When
 * nothing changed since the last version, Lambda gives that one back.
 * @throws LostRace, UpdateFailed, DigestMismatch
 */
export async function publishVersion(
  lambda: Lambda,
  functionName: string,
  verified: FunctionState,
  stamp: Stamp,
): Promise<string> {
  const published = await refusedAsChanged(
    functionName,
    lambda.send(
      new PublishVersionCommand({
        FunctionName: functionName,
        RevisionId: verified.revisionId,
        CodeSha256: verified.codeSha256,
        Description: formatStamp(stamp),
      }),
    ),
  );
  const version = published.Version;
  if (!version)
    throw new DigestMismatch(`Lambda published ${functionName} without saying which version it is`);
  const settled = await settle(lambda, functionName, version);
  checkSettled(settled, `Version ${version} of ${functionName}`);
  if (settled.digest !== verified.digest)
    throw new DigestMismatch(
      `Version ${version} of ${functionName} runs ${settled.digest ?? 'an unknown image'}, not ${verified.digest}`,
      'The alias was not moved. Run this step again.',
    );
  return version;
}
