import { InvalidManifest, PlatformMissing } from './errors.ts';
import { type Descriptor, type ImageConfig, isIndex, parseConfig, parseManifest } from './manifest.ts';
import { formatReference, parseReference } from './reference.ts';
import type { CredentialSource } from './registry/authorization.ts';
import { Registry } from './registry/registry.ts';

/** An image to build upon: everything but its layers' bytes. */
export interface Base {
  /** The reference with the digest that it stood for. */
  reference: string;
  digest: string;
  layers: Descriptor[];
  config: ImageConfig;
}

/** What a platform is called where: `linux/arm64/v8`. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

/** Reads `linux/amd64` or `linux/arm64/v8`. Throws {@link PlatformMissing} for anything else. */
export function parsePlatform(text: string): Platform {
  const match = text.match(/^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9]+))?$/);
  if (!match)
    throw new PlatformMissing(`${JSON.stringify(text)} is no platform.`, {
      hint: 'Write os/architecture, as in linux/amd64.',
    });
  return { os: match[1]!, architecture: match[2]!, ...(match[3] ? { variant: match[3] } : {}) };
}

/** Finds a base in its registry and the one image in it for the platform. Two or three small requests, no layer is read. */
export async function resolveBase(
  base: { reference: string; credential?: CredentialSource | undefined },
  platform: Platform,
): Promise<Base> {
  const { registry: host, repository, tag, digest } = parseReference(base.reference);
  const registry = new Registry({ registry: host, credential: base.credential });
  try {
    const fetchManifest = async (reference: string) => {
      const stored = await registry.getManifest(repository, reference);
      return { ...stored, manifest: parseManifest(stored.bytes, stored.mediaType, base.reference) };
    };
    let found = await fetchManifest(digest ?? tag ?? 'latest');
    if (isIndex(found.manifest)) {
      const entries = found.manifest.manifests;
      const entry = entries.find((candidate) => matches(candidate.platform, platform));
      if (!entry)
        throw new PlatformMissing(
          `${base.reference} has no image for ${show(platform)}, only for ${entries.map((e) => show(e.platform)).join(', ')}.`,
        );
      found = await fetchManifest(entry.digest);
    }
    if (isIndex(found.manifest)) throw new InvalidManifest(`${base.reference} is an index of indexes.`);
    const { manifest } = found;

    const chunks: Buffer[] = [];
    for await (const chunk of await registry.getBlob(repository, manifest.config.digest)) chunks.push(chunk);
    const config = parseConfig(Buffer.concat(chunks), `The config of ${base.reference}`);
    if (!matches(config, platform))
      throw new PlatformMissing(
        `${base.reference} is an image for ${show(config)}, not for ${show(platform)}.`,
      );
    if (config.rootfs.diff_ids.length !== manifest.layers.length)
      throw new InvalidManifest(`${base.reference} has another number of layers than its config says.`);
    return {
      reference: formatReference({
        registry: host,
        repository,
        ...(tag ? { tag } : {}),
        digest: found.digest,
      }),
      digest: found.digest,
      layers: manifest.layers.map(asOci),
      config,
    };
  } finally {
    registry.close();
  }
}

/** An image without a variant runs on any; `linux/arm64` takes `linux/arm64/v8`. */
function matches(have: Platform | undefined, want: Platform): boolean {
  return (
    have !== undefined &&
    have.os === want.os &&
    have.architecture === want.architecture &&
    (!have.variant || !want.variant || have.variant === want.variant)
  );
}

const show = (platform: Platform | undefined) =>
  platform
    ? `${platform.os}/${platform.architecture}${platform.variant ? `/${platform.variant}` : ''}`
    : 'an unnamed one';

// The media type stands in the manifest, not in the blob: a layer of Docker's is the same bytes as OCI's.
const ociNames: Record<string, string> = {
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.docker.image.rootfs.diff.tar.zstd': 'application/vnd.oci.image.layer.v1.tar+zstd',
};

function asOci({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType: ociNames[mediaType] ?? mediaType, digest, size };
}
