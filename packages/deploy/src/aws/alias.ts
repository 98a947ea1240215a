import {
  type AliasConfiguration,
  CreateAliasCommand,
  GetAliasCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { AwsRefusal, LostRace } from '../errors.ts';
import type { Place } from '../request.ts';
import { ifThere, type Lambda } from './lambda.ts';

/** An alias as it is, or should be. */
export interface AliasState {
  version: string;
  /** The version that gets a share of the traffic, while it is being shifted. */
  extra: { version: string; weight: number } | undefined;
  description: string;
}

/** An alias as it was looked at. */
export interface AliasSeen extends AliasState {
  revisionId: string | undefined;
}

/** Looks at an alias; undefined when it isn't there. */
export async function describeAlias(
  lambda: Lambda,
  { functionName, alias }: Place,
): Promise<AliasSeen | undefined> {
  const found = await ifThere(lambda.send(new GetAliasCommand({ FunctionName: functionName, Name: alias })));
  return found && toState(found);
}

/**
 * Makes an alias what it should be, only if it still is what it was before (undefined: missing). A lost answer to a
 * change that took place counts as done.
 * @throws LostRace
 */
export async function putAlias(
  lambda: Lambda,
  { functionName, alias }: Place,
  wanted: AliasState,
  before: AliasSeen | undefined,
): Promise<AliasSeen> {
  const fields = {
    FunctionName: functionName,
    Name: alias,
    FunctionVersion: wanted.version,
    Description: wanted.description,
    RoutingConfig: {
      AdditionalVersionWeights: wanted.extra ? { [wanted.extra.version]: wanted.extra.weight } : {},
    },
  };
  try {
    return toState(
      before
        ? await lambda.send(new UpdateAliasCommand({ ...fields, RevisionId: before.revisionId }))
        : await lambda.send(new CreateAliasCommand(fields)),
    );
  } catch (error) {
    if (!(error instanceof AwsRefusal && /^(PreconditionFailed|ResourceConflict)Exception$/.test(error.code)))
      throw error;
    const now = await describeAlias(lambda, { functionName, alias });
    if (now && isSame(now, wanted)) return now;
    throw new LostRace(
      `The alias ${alias} of ${functionName} was changed by something else and points at version ${now?.version ?? 'none'}`,
      'Two deploys at once? Give the workflow a concurrency group.',
      { cause: error },
    );
  }
}

/** Whether two states of an alias are one; the description tells apart who wrote them. */
export function isSame(a: AliasState, b: AliasState): boolean {
  return (
    a.version === b.version &&
    a.description === b.description &&
    a.extra?.version === b.extra?.version &&
    a.extra?.weight === b.extra?.weight
  );
}

function toState(alias: AliasConfiguration): AliasSeen {
  const [extra] = Object.entries(alias.RoutingConfig?.AdditionalVersionWeights ?? {});
  return {
    version: alias.FunctionVersion ?? '',
    extra: extra && { version: extra[0], weight: extra[1] },
    description: alias.Description ?? '',
    revisionId: alias.RevisionId,
  };
}
