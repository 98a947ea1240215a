import type { Descriptor, ImageConfig } from '../manifest.ts';
import type { CredentialSource } from '../registry/authorization.ts';

/** An image to build upon. */
export interface Base {
  /** Where the layers are that the layout doesn't hold, with a digest; undefined when it holds all. */
  reference: string | undefined;
  /** The digest of its manifest; a `docker save` archive has none. */
  digest: string | undefined;
  layers: Descriptor[];
  config: ImageConfig;
}

/** Where a base is, and how to get in. */
export interface BaseSource {
  /** A registry reference, `oci:FOLDER` (an OCI layout) or `docker-archive:FILE` (what `docker save` writes). */
  reference: string;
  credential?: CredentialSource | undefined;
}

/** Whether a base is in a registry, and so may be pinned by digest and named to others. */
export function isInRegistry(reference: string): boolean {
  return !/^(oci|docker-archive):/.test(reference);
}

// The media type stands in the manifest, not in the blob: a layer of Docker's is the same bytes as OCI's.
const ociNames: Record<string, string> = {
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
};

/** A base's layer as OCI calls it, without notes that were about another image. */
export function asOci({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: ociNames[mediaType] ?? mediaType, digest, size };
}
