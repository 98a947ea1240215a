import type { EcrStore } from '../ecr/ecr-store.ts';
import { lambdaMayPull } from '../ecr/pull-access.ts';
import { resolve } from '../ecr/repository.ts';
import { AwsError } from '../errors.ts';

/** Where an image was found: its repository and the digest its tag meant at that moment. */
export interface ResolvedImage {
  repository: string;
  digest: string;
}

/** The only manifests Lambda takes; an index, also one that only adds attestations, it refuses. */
const accepted = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

const invalid = (message: string) => new AwsError('InvalidParameterValueException', message);

/** Finds `host/repository:tag` or `…@sha256:…` in this server's registry, as Lambda does when the call is made. */
export function resolveImage(ecr: EcrStore, imageUri: string): ResolvedImage {
  const [, host, repository, tag, digest] =
    imageUri.match(/^([^/]+)\/([a-z0-9._/-]+?)(?::([\w.-]+))?(?:@(sha256:[0-9a-f]{64}))?$/) ?? [];
  if (!host || !repository || !(tag ?? digest))
    throw invalid(`Source image ${imageUri} is not valid. Provide a valid source image.`);
  const found = ecr.find(repository);
  const resolved = found && resolve(found, digest ?? tag ?? '');
  if (!found || !resolved)
    throw invalid(`Source image ${imageUri} does not exist. Provide a valid source image.`);
  if (!lambdaMayPull(found))
    throw new AwsError(
      'AccessDeniedException',
      'Lambda does not have permission to access the ECR image. Check the ECR permissions.',
      403,
    );
  if (!accepted.includes(found.images[resolved]!.mediaType))
    throw invalid(
      `The image manifest, config or layer media type for the source image ${imageUri} is not supported.`,
    );
  return { repository, digest: resolved };
}

/** `host/repository@sha256:…`: what runs, whatever happens to tags. */
export function resolvedUri(imageUri: string, image: ResolvedImage): string {
  return `${imageUri.split('/', 1)[0]}/${image.repository}@${image.digest}`;
}
