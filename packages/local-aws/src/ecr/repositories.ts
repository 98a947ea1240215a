import { rmSync } from 'node:fs';
import { AwsError } from '../errors.ts';
import type { Call } from '../http/call.ts';
import type { Fields } from '../http/fields.ts';
import type { Operation } from '../http/json-rpc.ts';
import { account } from '../identity.ts';
import type { EcrStore } from './ecr-store.ts';
import { isPublic, type Mutability, type Repository, repositoryArn } from './repository.ts';

const validName = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const mutabilities: Mutability[] = [
  'MUTABLE',
  'IMMUTABLE',
  'MUTABLE_WITH_EXCLUSION',
  'IMMUTABLE_WITH_EXCLUSION',
];

const invalid = (message: string) => new AwsError('InvalidParameterException', message);

function describe(repository: Repository, call: Call) {
  return {
    repositoryArn: repositoryArn(repository.name),
    registryId: account,
    repositoryName: repository.name,
    repositoryUri: `${new URL(call.origin).host}/${repository.name}`,
    createdAt: Date.parse(repository.createdAt) / 1000,
    imageTagMutability: repository.mutability,
    ...(repository.exclusions.length > 0 && {
      imageTagMutabilityExclusionFilters: repository.exclusions.map((filter) => ({
        filterType: 'WILDCARD',
        filter,
      })),
    }),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: { encryptionType: 'AES256' },
  };
}

function mutability(input: Fields): Pick<Repository, 'mutability' | 'exclusions'> {
  const wanted = input.optionalText('imageTagMutability') ?? 'MUTABLE';
  const found = mutabilities.find((one) => one === wanted);
  if (!found) throw invalid(`imageTagMutability must be one of ${mutabilities.join(', ')}`);
  const filters = input.optionalList('imageTagMutabilityExclusionFilters') ?? [];
  return { mutability: found, exclusions: filters.map((filter) => filter.text('filter')) };
}

function resourceTags(input: Fields): Record<string, string> {
  const tags = input.optionalList('tags') ?? [];
  return Object.fromEntries(tags.map((tag) => [tag.text('Key'), tag.text('Value')]));
}

/** A repository nobody has pushed to yet. */
export function newRepository(name: string, input?: Fields): Repository {
  if (name.length < 2 || name.length > 256 || !validName.test(name))
    throw invalid(
      `Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '${validName.source}''`,
    );
  return {
    name,
    createdAt: new Date().toISOString(),
    ...(input ? mutability(input) : { mutability: 'MUTABLE', exclusions: [] }),
    scanOnPush: input?.optionalFields('imageScanningConfiguration')?.optionalBoolean('scanOnPush') ?? false,
    resourceTags: input ? resourceTags(input) : {},
    images: {},
    tags: {},
    blobs: {},
  };
}

/** ECR's operations on repositories as a whole. */
export function repositoryOperations(store: EcrStore): Record<string, Operation> {
  return {
    CreateRepository(input, call) {
      const name = input.text('repositoryName');
      if (store.find(name))
        throw new AwsError(
          'RepositoryAlreadyExistsException',
          `The repository with name '${name}' already exists in the registry with id '${account}'`,
        );
      const repository = newRepository(name, input);
      store.save(repository);
      return { repository: describe(repository, call) };
    },
    DescribeRepositories(input, call) {
      const names = input.optionalTexts('repositoryNames');
      const repositories = names
        ? names.map((name) => store.get(name))
        : store.repositories.filter(({ name }) => !isPublic(name));
      return { repositories: repositories.map((repository) => describe(repository, call)) };
    },
    DeleteRepository(input, call) {
      const repository = store.get(input.text('repositoryName'));
      if (Object.keys(repository.images).length > 0 && !input.optionalBoolean('force'))
        throw new AwsError(
          'RepositoryNotEmptyException',
          `The repository with name '${repository.name}' in registry with id '${account}' cannot be deleted because it still contains images`,
        );
      store.delete(repository.name);
      dropUnusedBlobs(store, Object.keys({ ...repository.blobs, ...repository.images }));
      return { repository: describe(repository, call) };
    },
    PutImageTagMutability(input) {
      const repository = { ...store.get(input.text('repositoryName')), ...mutability(input) };
      store.save(repository);
      return {
        registryId: account,
        repositoryName: repository.name,
        imageTagMutability: repository.mutability,
      };
    },
    PutImageScanningConfiguration(input) {
      const scanOnPush =
        input.optionalFields('imageScanningConfiguration')?.optionalBoolean('scanOnPush') ?? false;
      const repository = { ...store.get(input.text('repositoryName')), scanOnPush };
      store.save(repository);
      return {
        registryId: account,
        repositoryName: repository.name,
        imageScanningConfiguration: { scanOnPush },
      };
    },
    SetRepositoryPolicy(input) {
      const policy = input.text('policyText');
      store.save({ ...store.get(input.text('repositoryName')), policy });
      return { registryId: account, repositoryName: input.text('repositoryName'), policyText: policy };
    },
    GetRepositoryPolicy(input) {
      const { name, policy } = store.get(input.text('repositoryName'));
      if (policy === undefined)
        throw new AwsError(
          'RepositoryPolicyNotFoundException',
          `Repository policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
        );
      return { registryId: account, repositoryName: name, policyText: policy };
    },
    DeleteRepositoryPolicy(input) {
      const { policy, ...repository } = store.get(input.text('repositoryName'));
      store.save(repository);
      return { registryId: account, repositoryName: repository.name, policyText: policy };
    },
    PutLifecyclePolicy(input) {
      const lifecyclePolicy = input.text('lifecyclePolicyText');
      store.save({ ...store.get(input.text('repositoryName')), lifecyclePolicy });
      return {
        registryId: account,
        repositoryName: input.text('repositoryName'),
        lifecyclePolicyText: lifecyclePolicy,
      };
    },
    GetLifecyclePolicy(input) {
      const { name, lifecyclePolicy } = store.get(input.text('repositoryName'));
      if (lifecyclePolicy === undefined)
        throw new AwsError(
          'LifecyclePolicyNotFoundException',
          `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
        );
      return { registryId: account, repositoryName: name, lifecyclePolicyText: lifecyclePolicy };
    },
    ListTagsForResource(input) {
      const name = input.text('resourceArn').split(':repository/')[1] ?? '';
      const tags = Object.entries(store.get(name).resourceTags);
      return { tags: tags.map(([Key, Value]) => ({ Key, Value })) };
    },
    TagResource(input) {
      const repository = store.get(input.text('resourceArn').split(':repository/')[1] ?? '');
      store.save({
        ...repository,
        resourceTags: { ...repository.resourceTags, ...resourceTags(input) },
      });
      return {};
    },
  };
}

/** Removes bytes that no repository refers to any more. */
export function dropUnusedBlobs(store: EcrStore, digests: string[]): void {
  for (const digest of digests) {
    const used = store.repositories.some(
      (repository) => Object.hasOwn(repository.blobs, digest) || Object.hasOwn(repository.images, digest),
    );
    if (!used) rmSync(store.blobPath(digest), { force: true });
  }
}
