import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { LambdaError } from './errors.ts';
import type { Lambda } from './patience.ts';

/** One version of a function (or $LATEST) as Lambda has it. */
export interface FunctionState {
  version: string;
  packageType: string;
  architecture: string;
  state: string;
  stateReason: { code: string; text: string | undefined } | undefined;
  lastUpdate: string;
  lastUpdateReason: { code: string; text: string | undefined } | undefined;
  revisionId: string | undefined;
  codeSha256: string | undefined;
  /** The image's digest that Lambda resolved and serves. */
  digest: string | undefined;
  description: string | undefined;
}

/** Looks at a function; undefined when it (or that version or alias of it) isn't there. */
export async function describeFunction(
  lambda: Lambda,
  functionName: string,
  qualifier?: string,
): Promise<FunctionState | undefined> {
  const found = await ifThere(
    lambda.send(
      new GetFunctionCommand({ FunctionName: functionName, ...(qualifier && { Qualifier: qualifier }) }),
    ),
  );
  const configuration = found?.Configuration;
  if (!configuration) return undefined;
  return {
    version: configuration.Version ?? '$LATEST',
    packageType: configuration.PackageType ?? 'Zip',
    architecture: configuration.Architectures?.[0] ?? 'x86_64',
    state: configuration.State ?? 'Active',
    stateReason: reason(configuration.StateReasonCode, configuration.StateReason),
    lastUpdate: configuration.LastUpdateStatus ?? 'Successful',
    lastUpdateReason: reason(configuration.LastUpdateStatusReasonCode, configuration.LastUpdateStatusReason),
    revisionId: configuration.RevisionId,
    codeSha256: configuration.CodeSha256,
    digest: found.Code?.ResolvedImageUri?.match(/sha256:[0-9a-f]{64}$/)?.[0],
    description: configuration.Description,
  };
}

/** The answer, or undefined for ResourceNotFoundException. */
export async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof LambdaError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

function reason(code: string | undefined, text: string | undefined): FunctionState['stateReason'] {
  return code ? { code, text } : undefined;
}
