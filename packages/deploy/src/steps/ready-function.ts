import { CreateFunctionCommand } from '@aws-sdk/client-lambda';
import { describeFunction, type FunctionState } from '../aws/function.ts';
import { type Lambda, unlessThere } from '../aws/lambda.ts';
import { FunctionIsZip, FunctionMissing } from '../errors.ts';
import type { DeployRequest } from '../request.ts';
import { checkSettled, settle } from './settle.ts';

/**
 * The function with nothing under way, created from the image if it was missing. One that failed, sleeps or lost its
 * image is good enough: the update that comes cures it.
 * @throws FunctionMissing, FunctionIsZip, UpdateFailed
 */
export async function readyFunction(lambda: Lambda, request: DeployRequest): Promise<FunctionState> {
  const { functionName } = request;
  const created = !(await describeFunction(lambda, functionName));
  if (created) await createFunction(lambda, request);
  const found = await settle(lambda, functionName);
  if (created) checkSettled(found, `The creation of ${functionName}`);
  if (found.packageType !== 'Image')
    throw new FunctionIsZip(
      `${functionName} was made from a ${found.packageType.toLowerCase()} file, and Lambda can't turn it into one made from an image`,
      'Choose another function-name, or delete the function first (its URL and triggers go with it).',
    );
  return found;
}

/** That somebody else created it a moment ago is as good. */
async function createFunction(lambda: Lambda, request: DeployRequest): Promise<void> {
  const { functionName, image, configuration = {} } = request;
  const { role, memoryMb, timeoutSeconds, architecture, environment, snapStart } = configuration;
  if (!role)
    throw new FunctionMissing(
      `There is no function "${functionName}" in this account and region`,
      'Give the ARN of the role it should run as (input "role") and it will be created, or check the name and the region.',
    );
  await unlessThere(
    lambda.send(
      new CreateFunctionCommand({
        FunctionName: functionName,
        PackageType: 'Image',
        Code: { ImageUri: image },
        Role: role,
        MemorySize: memoryMb ?? 1024,
        Timeout: timeoutSeconds ?? 30,
        Architectures: [architecture ?? 'x86_64'],
        ...(environment && { Environment: { Variables: environment } }),
        ...(snapStart && { SnapStart: { ApplyOn: 'PublishedVersions' } }),
      }),
    ),
  );
}
