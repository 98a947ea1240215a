import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { ifThere, type Lambda } from './lambda.ts';

/** One version of a function (or $LATEST) as Lambda has it. */
export interface FunctionState {
  version: string;
  packageType: string;
  state: string;
  stateReason: Reason | undefined;
  lastUpdate: string;
  lastUpdateReason: Reason | undefined;
  revisionId: string | undefined;
  codeSha256: string | undefined;
  /** The image's digest that Lambda resolved and serves. */
  digest: string | undefined;
  description: string | undefined;
  role: string | undefined;
  memoryMb: number | undefined;
  timeoutSeconds: number | undefined;
  architecture: 'x86_64' | 'arm64';
  snapStart: boolean;
  /** undefined: Lambda can't read it, for example because its key is out of reach. */
  environment: Record<string, string> | undefined;
}

/** Why a function is in the state it is in. */
export interface Reason {
  code: string;
  text: string | undefined;
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
  const is = found?.Configuration;
  if (!is) return undefined;
  return {
    version: is.Version ?? '$LATEST',
    packageType: is.PackageType ?? 'Zip',
    state: is.State ?? 'Active',
    stateReason: reason(is.StateReasonCode, is.StateReason),
    lastUpdate: is.LastUpdateStatus ?? 'Successful',
    lastUpdateReason: reason(is.LastUpdateStatusReasonCode, is.LastUpdateStatusReason),
    revisionId: is.RevisionId,
    codeSha256: is.CodeSha256,
    digest: found.Code?.ResolvedImageUri?.match(/sha256:[0-9a-f]{64}$/)?.[0],
    description: is.Description,
    role: is.Role,
    memoryMb: is.MemorySize,
    timeoutSeconds: is.Timeout,
    architecture: is.Architectures?.[0] ?? 'x86_64',
    snapStart: is.SnapStart?.ApplyOn === 'PublishedVersions',
    environment: is.Environment?.Error ? undefined : (is.Environment?.Variables ?? {}),
  };
}

function reason(code: string | undefined, text: string | undefined): Reason | undefined {
  return code ? { code, text } : undefined;
}
