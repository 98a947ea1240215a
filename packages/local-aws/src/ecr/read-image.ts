import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { type Image, isIndex, parseConfig, parseManifest } from '@mainline/oci';
import { AwsError } from '../errors.ts';
import type { EcrStore } from './ecr-store.ts';
import { isPublic } from './repository.ts';

/**
 * An image of this registry by digest, with the layers above the base only: the host's Node stands in for what a public
 * base image holds. Throws when it was deleted, or isn't one image.
 */
export function readImage(ecr: EcrStore, digest: string): Image {
  if (!existsSync(ecr.blobPath(digest)))
    throw new AwsError('CodeArtifactUserDeletedException', `The image ${digest} was deleted.`, 409);
  const manifestBytes = ecr.manifest(digest);
  const { mediaType } = JSON.parse(manifestBytes.toString('utf8')) as { mediaType?: string };
  const assumed = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest = parseManifest(manifestBytes, mediaType ?? assumed, digest);
  if (isIndex(manifest)) throw new AwsError('InvalidParameterValueException', `${digest} is an index`);
  const configBytes = readFileSync(ecr.blobPath(manifest.config.digest));
  const base = new Set(
    ecr.repositories.filter(({ name }) => isPublic(name)).flatMap(({ blobs }) => Object.keys(blobs)),
  );
  return {
    name: digest,
    digest,
    manifest,
    manifestBytes,
    config: parseConfig(configBytes, digest),
    configBytes,
    openLayer: async (layer) =>
      base.has(layer.digest) ? undefined : createReadStream(ecr.blobPath(layer.digest)),
    close() {},
  };
}
