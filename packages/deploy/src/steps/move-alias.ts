import {
  type AliasConfiguration,
  CreateAliasCommand,
  GetAliasCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { ifThere } from '../describe-function.ts';
import { LambdaError, LostRace } from '../errors.ts';
import type { Lambda } from '../patience.ts';

/** An alias as it was looked at; `extra` is the version that gets a share of the traffic, if any. */
export interface AliasState {
  version: string;
  extra: string | undefined;
  revisionId: string | undefined;
  description: string | undefined;
}

/** Looks at an alias; undefined when it isn't there. */
export async function describeAlias(
  lambda: Lambda,
  functionName: string,
  alias: string,
): Promise<AliasState | undefined> {
  const found = await ifThere(lambda.send(new GetAliasCommand({ FunctionName: functionName, Name: alias })));
  return found && toState(found);
}

/**
 * Points the alias at a version with all of its traffic, only if it is still what it was before; creates it when it
 * was missing. A lost answer to a move that took place counts as done.
 * @throws LostRace
 */
export async function moveAlias(
  lambda: Lambda,
  target: { functionName: string; alias: string; version: string; description: string },
  before: AliasState | undefined,
): Promise<void> {
  const fields = {
    FunctionName: target.functionName,
    Name: target.alias,
    FunctionVersion: target.version,
    Description: target.description,
  };
  try {
    if (before)
      await lambda.send(
        new UpdateAliasCommand({ ...fields, RoutingConfig: {}, RevisionId: before.revisionId }),
      );
    else await lambda.send(new CreateAliasCommand(fields));
  } catch (error) {
    if (
      !(error instanceof LambdaError && /^(PreconditionFailed|ResourceConflict)Exception$/.test(error.code))
    )
      throw error;
    const now = await describeAlias(lambda, target.functionName, target.alias);
    if (now?.version !== target.version || now.description !== target.description || now.extra)
      throw new LostRace(
        `The alias ${target.alias} of ${target.functionName} was moved by something else, to version ${now?.version}`,
        'Two deploys at once? Give the workflow a concurrency group.',
        { cause: error },
      );
  }
}

function toState(alias: AliasConfiguration): AliasState {
  return {
    version: alias.FunctionVersion ?? '',
    extra: Object.keys(alias.RoutingConfig?.AdditionalVersionWeights ?? {})[0],
    revisionId: alias.RevisionId,
    description: alias.Description,
  };
}
