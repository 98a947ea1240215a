import { randomUUID } from 'node:crypto';
import { AwsError } from '../../errors.ts';
import { parseArchitecture, parseConfiguration } from '../configuration.ts';
import { describeVersion } from '../describe.ts';
import { fingerprint, functionArn, type LambdaFunction, type Version } from '../function.ts';
import { checkChangeable, checkRevision, type Operation, reply, target } from '../request.ts';
import { resolvedUri } from '../resolve-image.ts';
import { parseTarget, resolveQualifier } from '../target.ts';
import { publish } from './versions.ts';

const invalid = (message: string) => new AwsError('InvalidParameterValueException', message);

/** CreateFunction: Pending at once, Active or Failed a moment later. */
export const createFunction: Operation = ({ context, input }) => {
  const { name } = parseTarget(input.text('FunctionName'), undefined);
  if (context.store.find(name))
    throw new AwsError('ResourceConflictException', `Function already exist: ${name}`, 409);
  const role = input.text('Role');
  const code = input.optionalFields('Code');
  const packageType = input.optionalText('PackageType') === 'Image' ? 'Image' : 'Zip';
  const imageUri = code?.optionalText('ImageUri') ?? '';
  if (packageType === 'Image' && !imageUri)
    throw invalid('Please provide an ImageUri when PackageType is Image');
  // A function made as Zip never runs here: it is there for deploy code to refuse.
  const image =
    packageType === 'Image' ? context.images.resolve(imageUri) : { repository: '', digest: 'sha256:zip' };
  const latest: Version = {
    packageType,
    role,
    imageUri,
    ...image,
    architecture: parseArchitecture(input) ?? 'x86_64',
    memoryMb: 128,
    timeoutSeconds: 3,
    ephemeralMb: 512,
    environment: {},
    logFormat: 'Text',
    logGroup: `/aws/lambda/${name}`,
    tracing: 'PassThrough',
    snapStart: false,
    ...parseConfiguration(input),
    version: '$LATEST',
    description: input.optionalText('Description') ?? '',
    lastModified: new Date().toISOString(),
    revisionId: randomUUID(),
    state: 'Pending',
    stateReason: { code: 'Creating', message: 'The function is being created.' },
  };
  const created: LambdaFunction = {
    name,
    latest,
    serving: latest,
    published: [],
    nextVersion: 1,
    aliases: [],
    urls: [],
    policy: [],
    provisions: [],
    tags: input.optionalTextMap('Tags') ?? {},
  };
  const fn = input.optionalBoolean('Publish') ? publish(created, latest.description).fn : created;
  context.store.save(fn);
  context.transitions.schedule(fn);
  return reply(201, describeVersion(fn, fn.published[0] ?? fn.latest));
};

/** GetFunction. */
export const getFunction: Operation = (request) => {
  const { fn, qualifier } = target(request);
  const version = resolveQualifier(fn, qualifier);
  return reply(200, {
    Configuration: describeVersion(fn, version, qualifier),
    Code:
      version.packageType === 'Image'
        ? {
            RepositoryType: 'ECR',
            ImageUri: version.imageUri,
            ResolvedImageUri: resolvedUri(version.imageUri, version),
          }
        : { RepositoryType: 'S3' },
    ...(Object.keys(fn.tags).length > 0 && { Tags: fn.tags }),
    ...(fn.reservedConcurrency !== undefined && {
      Concurrency: { ReservedConcurrentExecutions: fn.reservedConcurrency },
    }),
  });
};

/** GetFunctionConfiguration. */
export const getFunctionConfiguration: Operation = (request) => {
  const { fn, qualifier } = target(request);
  return reply(200, describeVersion(fn, resolveQualifier(fn, qualifier), qualifier));
};

/** ListFunctions. */
export const listFunctions: Operation = ({ context }) =>
  reply(200, { Functions: context.store.all.map((fn) => describeVersion(fn, fn.latest)) });

/** UpdateFunctionCode: the tag becomes a digest now; what runs changes when the update is through. */
export const updateFunctionCode: Operation = (request) => {
  const { context, input } = request;
  const { fn } = target(request);
  checkChangeable(fn.latest, functionArn(fn.name));
  checkRevision(input.optionalText('RevisionId'), fn.latest.revisionId, 'GetFunction/GetAlias');
  const imageUri = input.optionalText('ImageUri');
  if (fn.latest.packageType === 'Zip')
    throw invalid("Please don't provide ImageUri when updating a function with packageType Zip.");
  if (imageUri === undefined)
    throw invalid('Please provide ImageUri when updating a function with packageType Image.');
  const image = context.images.resolve(imageUri);
  const changed = update(fn, {
    imageUri,
    ...image,
    architecture: parseArchitecture(input) ?? fn.latest.architecture,
  });
  if (input.optionalBoolean('DryRun')) return reply(200, describeVersion(changed, changed.latest));
  return save(request, changed, input.optionalBoolean('Publish') ?? false);
};

/** UpdateFunctionConfiguration: what isn't named stays; variables are replaced as a whole, as in Lambda. */
export const updateFunctionConfiguration: Operation = (request) => {
  const { input } = request;
  const { fn } = target(request);
  checkChangeable(fn.latest, functionArn(fn.name));
  checkRevision(input.optionalText('RevisionId'), fn.latest.revisionId, 'GetFunction/GetAlias');
  const description = input.optionalText('Description');
  const changes = { ...parseConfiguration(input), ...(description !== undefined && { description }) };
  return save(request, update(fn, changes), false);
};

function update(fn: LambdaFunction, changes: Partial<Version>): LambdaFunction {
  const { stateReason, updateReason, ...latest } = fn.latest;
  return {
    ...fn,
    latest: {
      ...latest,
      ...changes,
      lastModified: new Date().toISOString(),
      revisionId: randomUUID(),
      updateStatus: 'InProgress',
      updateReason: { code: 'Creating', message: 'The function is being created.' },
    },
  };
}

function save({ context }: Parameters<Operation>[0], changed: LambdaFunction, publishes: boolean) {
  const { fn, version } = publishes
    ? publish(changed, changed.latest.description)
    : { fn: changed, version: changed.latest };
  context.store.save(fn);
  context.transitions.schedule(fn);
  return reply(200, describeVersion(fn, version));
}

/** DeleteFunction: all of it, or one version that no alias needs. */
export const deleteFunction: Operation = (request) => {
  const { context } = request;
  const { fn, qualifier } = target(request);
  if (qualifier === undefined) {
    context.store.delete(fn.name);
    context.workers.retire(fn.name, () => true);
    return reply(204);
  }
  const used = fn.aliases.find((alias) => alias.version === qualifier || qualifier in alias.weights);
  if (used)
    throw new AwsError(
      'ResourceConflictException',
      `Unable to delete version ${qualifier} of function ${fn.name} because it is used by alias ${used.name}.`,
      409,
    );
  if (qualifier === '$LATEST' || fn.aliases.some((alias) => alias.name === qualifier))
    throw invalid(
      '$LATEST version cannot be deleted without deleting the function, and an alias is deleted by DeleteAlias.',
    );
  const gone = fn.published.find((one) => one.version === qualifier);
  context.store.save({ ...fn, published: fn.published.filter((one) => one !== gone) });
  if (gone) context.workers.retire(fn.name, (key) => key === `${gone.version}:${fingerprint(gone)}`);
  return reply(204);
};
