import { AwsError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import type { Operation } from '../http/json-rpc.ts';
import { account } from '../identity.ts';
import type { EcrStore } from './ecr-store.ts';
import { putManifest } from './put-manifest.ts';
import { dropUnusedBlobs } from './repositories.ts';
import { type Repository, resolve, tagsOf } from './repository.ts';

interface ImageId {
  imageDigest?: string;
  imageTag?: string;
}

function imageIds(input: Fields): ImageId[] | undefined {
  return input.optionalList('imageIds')?.map((id) => {
    const [imageDigest, imageTag] = [id.optionalText('imageDigest'), id.optionalText('imageTag')];
    if (imageDigest === undefined && imageTag === undefined)
      throw new AwsError('InvalidParameterException', 'An image id needs imageDigest or imageTag');
    return { ...(imageDigest && { imageDigest }), ...(imageTag && { imageTag }) };
  });
}

/** The digest an id means; a tag and a digest given together must agree. */
function find(repository: Repository, id: ImageId): string | undefined {
  const digest = resolve(repository, id.imageDigest ?? id.imageTag ?? '');
  return id.imageTag !== undefined && repository.tags[id.imageTag] !== digest ? undefined : digest;
}

function detail(repository: Repository, digest: string) {
  const image = repository.images[digest]!;
  const tags = tagsOf(repository, digest);
  return {
    registryId: account,
    repositoryName: repository.name,
    imageDigest: digest,
    ...(tags.length > 0 && { imageTags: tags }),
    imageSizeInBytes: image.sizeBytes,
    imagePushedAt: Date.parse(image.pushedAt) / 1000,
    imageManifestMediaType: image.mediaType,
    ...(image.artifactType && { artifactMediaType: image.artifactType }),
    ...(image.subject && { subjectManifestDigest: image.subject }),
  };
}

const wantedByTag = (input: Fields, tagged: boolean) => {
  const status = input.optionalFields('filter')?.optionalText('tagStatus');
  return status === undefined || status === 'ANY' || (status === 'TAGGED') === tagged;
};

/** ECR's operations on images. */
export function imageOperations(store: EcrStore): Record<string, Operation> {
  return {
    DescribeImages(input) {
      const repository = store.get(input.text('repositoryName'));
      const digests =
        imageIds(input)?.map((id) => {
          const digest = find(repository, id);
          if (!digest)
            throw new AwsError(
              'ImageNotFoundException',
              `The image with imageId {imageDigest:'${id.imageDigest ?? 'null'}', imageTag:'${id.imageTag ?? 'null'}'} does not exist within the repository with name '${repository.name}' in the registry with id '${account}'`,
            );
          return digest;
        }) ??
        Object.keys(repository.images).filter((digest) =>
          wantedByTag(input, tagsOf(repository, digest).length > 0),
        );
      return { imageDetails: digests.map((digest) => detail(repository, digest)) };
    },
    ListImages(input) {
      const repository = store.get(input.text('repositoryName'));
      const ids = Object.keys(repository.images).flatMap((imageDigest): ImageId[] => {
        const tags = tagsOf(repository, imageDigest);
        if (!wantedByTag(input, tags.length > 0)) return [];
        return tags.length > 0 ? tags.map((imageTag) => ({ imageDigest, imageTag })) : [{ imageDigest }];
      });
      return { imageIds: ids };
    },
    BatchGetImage(input) {
      const repository = store.get(input.text('repositoryName'));
      const ids = imageIds(input) ?? [];
      return {
        images: ids.flatMap((id) => {
          const digest = find(repository, id);
          if (!digest) return [];
          return {
            registryId: account,
            repositoryName: repository.name,
            imageId: { ...id, imageDigest: digest },
            imageManifest: store.manifest(digest).toString('utf8'),
            imageManifestMediaType: repository.images[digest]!.mediaType,
          };
        }),
        failures: ids
          .filter((id) => !find(repository, id))
          .map((imageId) => ({
            imageId,
            failureCode: 'ImageNotFound',
            failureReason: 'Requested image not found',
          })),
      };
    },
    PutImage(input) {
      const repository = store.get(input.text('repositoryName'));
      const tag = input.optionalText('imageTag');
      const wantedDigest = input.optionalText('imageDigest');
      const bytes = Buffer.from(input.text('imageManifest'));
      const mediaType = input.optionalText('imageManifestMediaType');
      const { digest, alreadyThere } = putManifest(store, repository, bytes, mediaType, tag ?? wantedDigest);
      if (alreadyThere)
        throw new AwsError(
          'ImageAlreadyExistsException',
          `Image with digest '${digest}' and tag '${tag ?? 'null'}' already exists in the repository with name '${repository.name}' in registry with id '${account}'`,
        );
      return {
        image: {
          registryId: account,
          repositoryName: repository.name,
          imageId: { imageDigest: digest, ...(tag && { imageTag: tag }) },
          imageManifest: bytes.toString('utf8'),
        },
      };
    },
    BatchDeleteImage(input) {
      const repository = store.get(input.text('repositoryName'));
      const [images, tags] = [{ ...repository.images }, { ...repository.tags }];
      const deleted: ImageId[] = [];
      const failures: object[] = [];
      for (const id of imageIds(input) ?? []) {
        const digest = find({ ...repository, images, tags }, id);
        if (!digest) {
          failures.push({
            imageId: id,
            failureCode: 'ImageNotFound',
            failureReason: 'Requested image not found',
          });
          continue;
        }
        // A tag takes only itself away; the image goes with its last tag, or when its digest is named.
        const gone = id.imageTag === undefined ? tagsOf({ ...repository, tags }, digest) : [id.imageTag];
        for (const tag of gone) delete tags[tag];
        if (id.imageTag === undefined || tagsOf({ ...repository, tags }, digest).length === 0)
          delete images[digest];
        deleted.push(
          ...(gone.length ? gone : [undefined]).map((imageTag) => ({
            imageDigest: digest,
            ...(imageTag && { imageTag }),
          })),
        );
      }
      store.save({ ...repository, images, tags });
      dropUnusedBlobs(
        store,
        Object.keys(repository.images).filter((digest) => !images[digest]),
      );
      return { imageIds: deleted, failures };
    },
  };
}
