import { randomUUID } from 'node:crypto';
import { AwsError } from '../../errors.ts';
import type { Fields } from '../../http/fields.ts';
import { describeAlias } from '../describe.ts';
import { type Alias, functionArn, type LambdaFunction } from '../function.ts';
import { checkRevision, type Operation, reply, target } from '../request.ts';
import { findVersion } from '../target.ts';

const invalid = (message: string) => new AwsError('InvalidParameterValueException', message);

function findAlias(fn: LambdaFunction, name: string): Alias {
  const alias = fn.aliases.find((one) => one.name === name);
  if (!alias)
    throw new AwsError(
      'ResourceNotFoundException',
      `Cannot find alias arn: ${functionArn(fn.name, name)}`,
      404,
    );
  return alias;
}

/** The second version of a weighted alias: at most one, published, and beside a published first. */
function parseWeights(
  fn: LambdaFunction,
  input: Fields,
  version: string,
): Record<string, number> | undefined {
  const routing = input.optionalFields('RoutingConfig');
  if (!routing) return undefined;
  const weights = routing.optionalNumberMap('AdditionalVersionWeights') ?? {};
  const entries = Object.entries(weights);
  if (entries.length > 1)
    throw invalid('Number of items in AdditionalVersionWeights cannot be greater than 1');
  for (const [second, weight] of entries) {
    if (version === '$LATEST' || second === '$LATEST')
      throw invalid('$LATEST is not supported for an alias pointing to more than 1 version');
    if (second === version)
      throw invalid(
        `Invalid function version ${second}. Function version ${version} is already included in routing configuration.`,
      );
    if (weight < 0 || weight > 1) throw invalid(`Weight of version ${second} must be from 0.0 to 1.0`);
    findVersion(fn, second);
  }
  return weights;
}

/** CreateAlias. */
export const createAlias: Operation = (request) => {
  const { context, input } = request;
  const { fn } = target(request);
  const [name, version] = [input.text('Name'), input.text('FunctionVersion')];
  if (!/^(?!\d+$)[\w-]{1,128}$/.test(name))
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)`,
    );
  if (fn.aliases.some((one) => one.name === name))
    throw new AwsError(
      'ResourceConflictException',
      `Alias already exists: ${functionArn(fn.name, name)}`,
      409,
    );
  findVersion(fn, version);
  const alias: Alias = {
    name,
    version,
    description: input.optionalText('Description') ?? '',
    revisionId: randomUUID(),
    weights: parseWeights(fn, input, version) ?? {},
  };
  context.store.save({ ...fn, aliases: [...fn.aliases, alias] });
  return reply(201, describeAlias(fn, alias));
};

/** UpdateAlias: with `RevisionId` only if nobody moved it meanwhile. */
export const updateAlias: Operation = (request) => {
  const { context, input, parts } = request;
  const { fn } = target(request);
  const current = findAlias(fn, parts[1] ?? '');
  checkRevision(input.optionalText('RevisionId'), current.revisionId, 'GetFunction/GetAlias');
  const version = input.optionalText('FunctionVersion') ?? current.version;
  findVersion(fn, version);
  const alias: Alias = {
    ...current,
    version,
    description: input.optionalText('Description') ?? current.description,
    weights: parseWeights(fn, input, version) ?? current.weights,
    revisionId: randomUUID(),
  };
  context.store.save({ ...fn, aliases: fn.aliases.map((one) => (one === current ? alias : one)) });
  return reply(200, describeAlias(fn, alias));
};

/** GetAlias. */
export const getAlias: Operation = (request) => {
  const { fn } = target(request);
  return reply(200, describeAlias(fn, findAlias(fn, request.parts[1] ?? '')));
};

/** ListAliases, of the whole function or of one version. */
export const listAliases: Operation = (request) => {
  const { fn } = target(request);
  const version = request.call.query.get('FunctionVersion');
  const aliases = fn.aliases.filter(
    (alias) => version === null || alias.version === version || version in alias.weights,
  );
  return reply(200, { Aliases: aliases.map((alias) => describeAlias(fn, alias)) });
};

/** DeleteAlias: deleting what isn't there succeeds; its URL and its permissions go with it. */
export const deleteAlias: Operation = (request) => {
  const { fn } = target(request);
  const name = request.parts[1] ?? '';
  request.context.store.save({
    ...fn,
    aliases: fn.aliases.filter((one) => one.name !== name),
    urls: fn.urls.filter((one) => one.qualifier !== name),
    policy: fn.policy.filter((one) => one.qualifier !== name),
    provisions: fn.provisions.filter((one) => one.qualifier !== name),
  });
  return reply(204);
};
