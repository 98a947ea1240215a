import { CreateFunctionCommand } from '@aws-sdk/client-lambda';
import { FunctionMissing, LambdaError } from '../errors.ts';
import type { Lambda } from '../patience.ts';
import type { DeployRequest } from '../request.ts';

/** Creates the function from the image. That somebody else just did is as good. */
export async function createFunction(lambda: Lambda, request: DeployRequest): Promise<void> {
  if (!request.create)
    throw new FunctionMissing(
      `There is no function "${request.functionName}" in this account and region`,
      'Give the ARN of a role (input "role") and it will be created, or check the name and the region.',
    );
  const { role, memoryMb, timeoutSeconds, architecture } = request.create;
  try {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: request.functionName,
        PackageType: 'Image',
        Code: { ImageUri: request.image },
        Role: role,
        MemorySize: memoryMb,
        Timeout: timeoutSeconds,
        Architectures: [architecture],
      }),
    );
  } catch (error) {
    if (!(error instanceof LambdaError && error.code === 'ResourceConflictException')) throw error;
  }
}
