import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { formatPlatform, type Platform, runsOn } from './base/platform.ts';
import { InvalidManifest, PlatformMissing } from './errors.ts';
import { blobFile, blobSize, readLayout } from './layout/layout.ts';
import {
  type Descriptor,
  type ImageConfig,
  type ImageIndex,
  isIndex,
  type Manifest,
  parseConfig,
  parseManifest,
} from './manifest.ts';
import { parseReference } from './reference.ts';
import type { CredentialSource } from './registry/authorization.ts';
import { Registry } from './registry/registry.ts';

/** One image, in a layout or in a registry: small documents at hand, layers on demand. */
export interface Image {
  /** What it was asked for by. */
  name: string;
  digest: string;
  manifest: Manifest;
  manifestBytes: Buffer;
  config: ImageConfig;
  configBytes: Buffer;
  /** A layer's blob; undefined when it isn't there: a layout over a base doesn't hold the base's. */
  openLayer(layer: Descriptor): Promise<Readable | undefined>;
  /** Ends connections. */
  close(): void;
}

/** Which image of an index, and how to get in. */
export interface OpenOptions {
  /** Needed where the name stands for an index over several platforms. */
  platform?: Platform | undefined;
  credential?: CredentialSource | undefined;
}

/** Opens a layout (a folder that exists, or a name that begins like a path) or a reference in a registry. */
export async function openImage(name: string, options: OpenOptions = {}): Promise<Image> {
  const isFolder = await stat(name).then(
    (stats) => stats.isDirectory(),
    () => /^[./]/.test(name),
  );
  return isFolder ? await openLayout(name) : await openFromRegistry(name, options);
}

async function openLayout(path: string): Promise<Image> {
  const layout = await readLayout(path);
  return {
    ...layout,
    name: path,
    digest: layout.descriptor.digest,
    async openLayer({ digest }) {
      const held = (await blobSize(path, digest)) !== undefined;
      return held ? createReadStream(blobFile(path, digest)) : undefined;
    },
    close() {},
  };
}

/** An image in a registry: the platform's, where the name stands for an index. Two or three small requests. */
export async function openFromRegistry(name: string, { platform, credential }: OpenOptions): Promise<Image> {
  const { registry: host, repository, tag, digest } = parseReference(name);
  const registry = new Registry({ registry: host, credential });
  const fetchManifest = async (reference: string) => {
    const stored = await registry.getManifest(repository, reference);
    return { ...stored, manifest: parseManifest(stored.bytes, stored.mediaType, name) };
  };
  try {
    let found = await fetchManifest(digest ?? tag ?? 'latest');
    if (isIndex(found.manifest)) found = await fetchManifest(choose(found.manifest, platform, name));
    if (isIndex(found.manifest)) throw new InvalidManifest(`${name} is an index of indexes.`);
    const { manifest, bytes: manifestBytes } = found;
    const configBytes = await readConfig(registry, repository, manifest.config, name);
    const config = parseConfig(configBytes, `The config of ${name}`);
    if (platform && !runsOn(config, platform))
      throw new PlatformMissing(
        `${name} is an image for ${formatPlatform(config)}, not for ${formatPlatform(platform)}.`,
      );
    if (config.rootfs.diff_ids.length !== manifest.layers.length)
      throw new InvalidManifest(`${name} has another number of layers than its config says.`);
    return {
      name,
      digest: found.digest,
      manifest,
      manifestBytes,
      config,
      configBytes,
      openLayer: (layer) => registry.getBlob(repository, layer.digest),
      close: () => registry.close(),
    };
  } catch (error) {
    registry.close();
    throw error;
  }
}

function choose({ manifests }: ImageIndex, platform: Platform | undefined, name: string): string {
  const known = manifests.map((entry) => formatPlatform(entry.platform)).join(', ');
  if (!platform)
    throw new PlatformMissing(`${name} is an index over ${known}, one image is needed.`, {
      hint: 'Name the platform, or the digest of one image.',
    });
  const entry = manifests.find((candidate) => runsOn(candidate.platform, platform));
  if (!entry)
    throw new PlatformMissing(`${name} has no image for ${formatPlatform(platform)}, only for ${known}.`);
  return entry.digest;
}

const maxConfigBytes = 4 * 1024 * 1024;

async function readConfig(
  registry: Registry,
  repository: string,
  { digest, size }: Descriptor,
  name: string,
) {
  if (size > maxConfigBytes) throw new InvalidManifest(`${name} has a config of ${size} bytes.`);
  const chunks: Buffer[] = [];
  let read = 0;
  for await (const chunk of await registry.getBlob(repository, digest)) {
    read += chunk.length;
    if (read > size)
      throw new InvalidManifest(`${name} has a config of more than the ${size} bytes announced.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
