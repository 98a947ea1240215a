import {
  DeleteProvisionedConcurrencyConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
} from '@aws-sdk/client-lambda';
import type { Lambda } from '../aws/lambda.ts';
import { AwsRefusal, UpdateFailed } from '../errors.ts';

/** Keeps workers of one version warm and waits until they are; nothing to do if they are. @throws UpdateFailed */
export async function provision(
  lambda: Lambda,
  functionName: string,
  version: string,
  workers: number,
): Promise<void> {
  const of = { FunctionName: functionName, Qualifier: version };
  if ((await describe(lambda, of))?.RequestedProvisionedConcurrentExecutions !== workers)
    await lambda.send(
      new PutProvisionedConcurrencyConfigCommand({ ...of, ProvisionedConcurrentExecutions: workers }),
    );
  await lambda.until(`${workers} workers of ${functionName}:${version} are warm`, async (saw) => {
    const found = await describe(lambda, of);
    saw(found?.Status ?? 'none');
    if (found?.Status === 'FAILED')
      throw new UpdateFailed(
        `Keeping ${workers} workers of ${functionName}:${version} warm`,
        'FAILED',
        found.StatusReason,
        'The account may have too little unreserved concurrency left: ask for less, or raise the quota.',
      );
    return found?.Status === 'READY' ? true : undefined;
  });
}

/** Lets the warm workers of a version go. */
export async function unprovision(lambda: Lambda, functionName: string, version: string): Promise<void> {
  await lambda.send(
    new DeleteProvisionedConcurrencyConfigCommand({ FunctionName: functionName, Qualifier: version }),
  );
}

async function describe(lambda: Lambda, of: { FunctionName: string; Qualifier: string }) {
  try {
    return await lambda.send(new GetProvisionedConcurrencyConfigCommand(of));
  } catch (error) {
    if (error instanceof AwsRefusal && error.code === 'ProvisionedConcurrencyConfigNotFoundException')
      return undefined;
    throw error;
  }
}
