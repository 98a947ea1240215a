import { BatchDeleteImageCommand, DescribeImagesCommand, type ECRClient } from '@aws-sdk/client-ecr';
import type { StoredImage } from './plan.ts';

/** All images of a repository. */
export async function storedImages(ecr: ECRClient, repositoryName: string): Promise<StoredImage[]> {
  const images: StoredImage[] = [];
  for (let nextToken: string | undefined; ; ) {
    const page = await ecr.send(
      new DescribeImagesCommand({ repositoryName, ...(nextToken && { nextToken }) }),
    );
    for (const {
      imageDigest,
      imageTags,
      imagePushedAt,
      imageSizeInBytes,
      subjectManifestDigest,
    } of page.imageDetails ?? [])
      images.push({
        digest: imageDigest ?? '',
        tags: imageTags ?? [],
        pushedAt: imagePushedAt ?? new Date(Number.NaN),
        sizeBytes: imageSizeInBytes ?? 0,
        subject: subjectManifestDigest,
      });
    nextToken = page.nextToken;
    if (!nextToken) return images;
  }
}

const deletedAtOnce = 100;

/** Deletes images with all their tags. Throws, after trying all, when ECR keeps one: it says why. */
export async function deleteImages(ecr: ECRClient, repositoryName: string, digests: string[]): Promise<void> {
  const refused: string[] = [];
  for (let at = 0; at < digests.length; at += deletedAtOnce) {
    const imageIds = digests.slice(at, at + deletedAtOnce).map((imageDigest) => ({ imageDigest }));
    const { failures } = await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
    for (const { imageId, failureCode, failureReason } of failures ?? [])
      if (failureCode !== 'ImageNotFound')
        refused.push(`${imageId?.imageDigest}: ${failureCode} ${failureReason ?? ''}`);
  }
  if (refused.length > 0)
    throw new Error(`ECR kept ${refused.length} of ${digests.length} images:\n${refused.join('\n')}`);
}
