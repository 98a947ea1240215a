import { isIndex, OciError, parseManifest } from '@mainline/oci';
import type { EcrStore } from '../ecr/ecr-store.ts';
import { lambdaMayPull } from '../ecr/pull-access.ts';
import { resolve } from '../ecr/repository.ts';
import type { Reason, Version } from './function.ts';
import type { ImageRoots } from './worker/image-root.ts';

const gzipped = [
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
];

const invalid = (message: string): Reason => ({ code: 'InvalidImage', message });

/** Looks into an image as Lambda does while a function is Pending or being updated, and unpacks it for the workers. */
export async function inspectImage(
  ecr: EcrStore,
  roots: ImageRoots,
  version: Version,
): Promise<Reason | undefined> {
  if (version.packageType === 'Zip') return undefined;
  const repository = ecr.find(version.repository);
  if (!repository || !resolve(repository, version.digest))
    return {
      code: 'ImageDeleted',
      message: `The image ${version.imageUri} was deleted. Push it again, or update the function to another image.`,
    };
  if (!lambdaMayPull(repository))
    return {
      code: 'ImageAccessDenied',
      message: `Lambda does not have permission to access ${version.imageUri}. Check the ECR permissions.`,
    };
  const { mediaType } = repository.images[version.digest]!;
  try {
    const manifest = parseManifest(ecr.manifest(version.digest), mediaType, version.digest);
    const strange = isIndex(manifest)
      ? []
      : manifest.layers.filter((one) => !gzipped.includes(one.mediaType));
    if (strange[0]) return invalid(`UnsupportedImageLayerDetected: Layer Digest ${strange[0].digest}`);
    await roots.get(version.digest);
    return undefined;
  } catch (error) {
    if (error instanceof OciError) return invalid(error.message);
    throw error;
  }
}
