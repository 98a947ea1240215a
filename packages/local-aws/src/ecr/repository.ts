import { AwsError } from '../errors.ts';
import { account, region } from '../identity.ts';

/** An image as a repository knows it; the manifest's bytes are a blob of the same digest. */
export interface Image {
  mediaType: string;
  /** Compressed size: config and layers. */
  sizeBytes: number;
  pushedAt: string;
  artifactType?: string;
  /** The digest of the manifest this one says something about (OCI 1.1 referrers). */
  subject?: string;
  annotations?: Record<string, string>;
}

export type Mutability = 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION';

/** A repository as it is kept on disk. */
export interface Repository {
  name: string;
  createdAt: string;
  mutability: Mutability;
  /** Wildcard patterns of tags that go against `mutability`. */
  exclusions: string[];
  scanOnPush: boolean;
  policy?: string;
  lifecyclePolicy?: string;
  resourceTags: Record<string, string>;
  images: Record<string, Image>;
  tags: Record<string, string>;
  /** Blob sizes by digest: a repository sees only what was pushed or mounted into it. */
  blobs: Record<string, number>;
}

/** The digest a tag or digest names in this repository. */
export function resolve(repository: Repository, reference: string): string | undefined {
  const digest = reference.startsWith('sha256:') ? reference : repository.tags[reference];
  return digest !== undefined && Object.hasOwn(repository.images, digest) ? digest : undefined;
}

/** Whether a tag that exists may be pointed elsewhere. */
export function isImmutable(repository: Repository, tag: string): boolean {
  const excluded = repository.exclusions.some((pattern) =>
    new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`).test(tag),
  );
  if (repository.mutability === 'IMMUTABLE_WITH_EXCLUSION') return !excluded;
  return (
    repository.mutability === 'IMMUTABLE' || (repository.mutability === 'MUTABLE_WITH_EXCLUSION' && excluded)
  );
}

/** The image's tags, sorted. */
export function tagsOf(repository: Repository, digest: string): string[] {
  return Object.keys(repository.tags)
    .filter((tag) => repository.tags[tag] === digest)
    .sort();
}

/** ECR's error for a repository nobody created. */
export function repositoryNotFound(name: string): AwsError {
  return new AwsError(
    'RepositoryNotFoundException',
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
  );
}

/** The repository's ARN. */
export function repositoryArn(name: string): string {
  return `arn:aws:ecr:${region}:${account}:repository/${name}`;
}

/** Whether a repository stands in for one of public.ecr.aws: anyone may pull, nobody may push, the account doesn't list it. */
export function isPublic(name: string): boolean {
  return name.startsWith('public/');
}
