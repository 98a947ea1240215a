import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { AwsError } from '../errors.ts';
import type { EcrStore } from './ecr-store.ts';
import { type Image, isImmutable, type Repository } from './repository.ts';

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
];

interface Blob {
  digest: string;
  size: number;
}

interface Manifest {
  mediaType?: string;
  artifactType?: string;
  config?: Blob;
  layers: Blob[];
  manifests: Blob[];
  subject?: Blob;
  annotations?: Record<string, string>;
}

/** Stores a manifest under its digest and, when given, a tag: PutImage and the registry's PUT meet here. */
export function putManifest(
  store: EcrStore,
  repository: Repository,
  bytes: Buffer,
  contentType: string | undefined,
  reference: string | undefined,
): { digest: string; alreadyThere: boolean } {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (reference?.startsWith('sha256:') && reference !== digest)
    throw new AwsError(
      'ImageDigestDoesNotMatchException',
      `The manifest's digest is ${digest}, not ${reference}`,
    );
  const manifest = parse(bytes);
  const mediaType = contentType ?? manifest.mediaType ?? manifestTypes[0]!;
  if (!indexTypes.includes(mediaType) && !manifestTypes.includes(mediaType))
    throw invalid(`Unsupported manifest media type ${mediaType}`);
  for (const blob of [manifest.config, ...manifest.layers])
    if (blob && !Object.hasOwn(repository.blobs, blob.digest))
      throw new AwsError('LayersNotFoundException', `The layer with digest '${blob.digest}' does not exist`);
  for (const child of manifest.manifests)
    if (!Object.hasOwn(repository.images, child.digest))
      throw new AwsError(
        'ReferencedImagesNotFoundException',
        `The image with digest '${child.digest}' that the manifest list refers to does not exist in '${repository.name}'`,
      );
  const tag = reference === undefined || reference === digest ? undefined : reference;
  const current = tag === undefined ? undefined : repository.tags[tag];
  if (tag !== undefined && current !== undefined && current !== digest && isImmutable(repository, tag))
    throw new AwsError(
      'ImageTagAlreadyExistsException',
      `The image tag '${tag}' already exists in the '${repository.name}' repository and cannot be overwritten because the tag is immutable.`,
    );
  const known = repository.images[digest];
  if (!known) {
    writeFileSync(`${store.blobPath(digest)}.tmp`, bytes);
    renameSync(`${store.blobPath(digest)}.tmp`, store.blobPath(digest));
  }
  const image: Image = known ?? {
    mediaType,
    sizeBytes: [manifest.config, ...manifest.layers].reduce((sum, blob) => sum + (blob?.size ?? 0), 0),
    pushedAt: new Date().toISOString(),
    ...(manifest.artifactType && { artifactType: manifest.artifactType }),
    ...(manifest.subject && { subject: manifest.subject.digest }),
    ...(manifest.annotations && { annotations: manifest.annotations }),
  };
  store.save({
    ...repository,
    images: { ...repository.images, [digest]: image },
    tags: tag === undefined ? repository.tags : { ...repository.tags, [tag]: digest },
  });
  return { digest, alreadyThere: known !== undefined && (tag === undefined || current === digest) };
}

/** Reads the members that say which blobs and manifests must be there. */
function parse(bytes: Buffer): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw invalid('The manifest is not valid JSON');
  }
  if (typeof json !== 'object' || json === null) throw invalid('The manifest is not a JSON object');
  const value = json as Record<string, unknown>;
  const blob = (one: unknown): Blob => {
    const { digest, size } = (typeof one === 'object' && one !== null ? one : {}) as Partial<Blob>;
    if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest) || typeof size !== 'number')
      throw invalid('The manifest has a descriptor without a sha256 digest and a size');
    return { digest, size };
  };
  const blobs = (name: string): Blob[] => {
    const list = value[name] ?? [];
    if (!Array.isArray(list)) throw invalid(`The manifest's ${name} must be a list`);
    return list.map(blob);
  };
  return {
    layers: blobs('layers'),
    manifests: blobs('manifests'),
    ...(value.config !== undefined && { config: blob(value.config) }),
    ...(value.subject !== undefined && { subject: blob(value.subject) }),
    ...(typeof value.mediaType === 'string' && { mediaType: value.mediaType }),
    ...(typeof value.artifactType === 'string' && { artifactType: value.artifactType }),
    ...(typeof value.annotations === 'object' &&
      value.annotations !== null && { annotations: value.annotations as Record<string, string> }),
  };
}

const invalid = (message: string) => new AwsError('InvalidParameterException', message);
