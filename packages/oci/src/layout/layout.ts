import { copyFile, link, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, isDigest } from '../digest.ts';
import { InvalidLayout } from '../errors.ts';
import {
  annotations,
  type Descriptor,
  type ImageConfig,
  isIndex,
  type Manifest,
  mediaTypes,
  parseConfig,
  parseManifest,
} from '../manifest.ts';

/** The one image of a layout on disk. */
export interface Layout {
  path: string;
  /** The manifest's descriptor; its annotations aren't part of the image. */
  descriptor: Descriptor;
  manifest: Manifest;
  manifestBytes: Buffer;
  config: ImageConfig;
  configBytes: Buffer;
  /** Where the layers that the layout doesn't hold can be had: the base it was assembled over. */
  base: string | undefined;
}

/** The file that holds a blob. */
export function blobFile(layout: string, digest: string): string {
  return join(layout, 'blobs', ...digest.split(':'));
}

/** Makes the folders of an empty layout. */
export async function createLayout(path: string): Promise<void> {
  await mkdir(join(path, 'blobs', 'sha256'), { recursive: true });
}

/** Writes a blob at hand and returns its digest and size. */
export async function writeBlob(layout: string, bytes: Buffer): Promise<{ digest: string; size: number }> {
  const digest = digestOf(bytes);
  await writeFile(blobFile(layout, digest), bytes);
  return { digest, size: bytes.length };
}

/** Names the one image of a layout: the last step, without which the folder is no layout. */
export async function writeIndex(layout: string, manifest: Descriptor): Promise<void> {
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [manifest] };
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

/** Makes a blob that is elsewhere on this disk a blob of the layout, without its bytes moving where that is possible. */
export async function linkBlob(file: string, layout: string, digest: string): Promise<void> {
  const target = blobFile(layout, digest);
  await link(file, target).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') await copyFile(file, target);
  });
}

/** The size in bytes of a blob, undefined when the layout doesn't hold it. */
export async function blobSize(layout: string, digest: string): Promise<number | undefined> {
  return await stat(blobFile(layout, digest)).then(
    (stats) => stats.size,
    () => undefined,
  );
}

/**
 * Reads a layout that holds one image, as `assemble` writes it (skopeo, crane and buildx do, too). Manifest and config
 * are checked against their digests, layers only for their size. Throws {@link InvalidLayout}.
 */
export async function readLayout(path: string): Promise<Layout> {
  const marker = await readFile(join(path, 'oci-layout')).catch(() => undefined);
  const bytes = await readFile(join(path, 'index.json')).catch((cause) => {
    throw new InvalidLayout(`${path} is no OCI image layout: it has no index.json.`, {
      cause,
      hint: 'Build the image first, or name the folder that build wrote.',
    });
  });
  if (!marker) throw new InvalidLayout(`${path} is no OCI image layout: it has no file oci-layout.`);
  const index = parseManifest(bytes, mediaTypes.index, join(path, 'index.json'));
  const [descriptor, ...more] = isIndex(index) ? index.manifests : [];
  if (!descriptor || more.length > 0)
    throw new InvalidLayout(`${path} holds ${more.length ? more.length + 1 : 'no'} images, one is needed.`);

  const manifestBytes = await readBlob(path, descriptor);
  const manifest = parseManifest(manifestBytes, descriptor.mediaType, `${path}, manifest,`);
  if (isIndex(manifest))
    throw new InvalidLayout(
      `${path} holds an index of ${manifest.manifests.length} images, one image is needed.`,
      {
        hint: 'Build for one platform, without attestations (docker buildx build --provenance=false --sbom=false).',
      },
    );
  const configBytes = await readBlob(path, manifest.config);
  const config = parseConfig(configBytes, `${path}, config,`);
  if (config.rootfs.diff_ids.length !== manifest.layers.length)
    throw new InvalidLayout(
      `${path}: the manifest has ${manifest.layers.length} layers, the config ${config.rootfs.diff_ids.length}.`,
    );
  const base = descriptor.annotations?.[annotations.baseName];
  for (const layer of manifest.layers) {
    const size = await blobSize(path, layer.digest);
    if (size === undefined ? !base : size !== layer.size)
      throw new InvalidLayout(
        `${path}: layer ${layer.digest} is ${size === undefined ? 'missing' : 'incomplete'}.`,
        {
          hint: 'Build the image again.',
        },
      );
  }
  return { path, descriptor, manifest, manifestBytes, config, configBytes, base };
}

const maxJsonBytes = 4 * 1024 * 1024;

async function readBlob(layout: string, { digest, size }: Descriptor): Promise<Buffer> {
  const stored = isDigest(digest) ? await blobSize(layout, digest) : undefined;
  if (stored === undefined)
    throw new InvalidLayout(`${layout}: blob ${digest} is missing.`, { hint: 'Build again.' });
  if (stored > maxJsonBytes)
    throw new InvalidLayout(`${layout}: blob ${digest} is ${stored} bytes, far too large.`);
  const bytes = await readFile(blobFile(layout, digest));
  if (bytes.length !== size || digestOf(bytes) !== digest)
    throw new InvalidLayout(`${layout}: blob ${digest} does not hold what its name says.`, {
      hint: 'Build again.',
    });
  return bytes;
}
