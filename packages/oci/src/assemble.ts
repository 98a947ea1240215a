import { type Base, type BaseSource, isInRegistry } from './base/base.ts';
import { parsePlatform } from './base/platform.ts';
import { resolveBase } from './base/resolve-base.ts';
import { InvalidLayer } from './errors.ts';
import { compressor } from './gzip.ts';
import { imageConfig, sortKeys } from './image-config.ts';
import { type BuiltLayer, buildLayer, type KnownLayers } from './layer/build-layer.ts';
import { type LayerSource, listTree } from './layer/list-tree.ts';
import { blobFile, blobSize, readLayout, writeBlob, writeIndex } from './layout/layout.ts';
import { replaceLayout } from './layout/replace-layout.ts';
import { annotations, type Descriptor, type ImageConfig, type Manifest, mediaTypes } from './manifest.ts';
import { isLoopback, parseReference } from './reference.ts';

/** What goes into an image. */
export interface AssembleOptions {
  /** The image below; without it the layers are all there is. A registry's layers are referred to, never downloaded. */
  base?: BaseSource | undefined;
  /** `linux/amd64`, `linux/arm64`. */
  platform: string;
  /** Folders, lowest layer first: put what changes least first. */
  layers: LayerSource[];
  config: {
    /** Without one the base's stays. */
    command?: string[];
    entrypoint?: string[];
    env?: Record<string, string>;
    labels?: Record<string, string>;
    workingDir?: string;
  };
  /** Annotations of the manifest. */
  annotations?: Record<string, string>;
  /** ISO time that the image says it was made; the epoch, so that time doesn't change the digest. */
  created?: string;
  /** The folder that becomes the layout; an earlier layout there is replaced once the new one is whole. */
  output: string;
}

/** An image in a layout on disk. */
export interface AssembledImage {
  layout: string;
  /** Digest of the manifest: the image's name. */
  digest: string;
  /** Compressed bytes of all layers, the base's too, and the config. */
  sizeBytes: number;
  /** All layers, the base's first. */
  layers: Descriptor[];
}

/**
 * Builds an image without a daemon: deterministic layers over a base in a registry or over nothing, as an OCI layout.
 * The digest depends on the content, the base and the config only. Nothing is left behind when it fails.
 */
export async function assemble(options: AssembleOptions): Promise<AssembledImage> {
  const platform = parsePlatform(options.platform);
  const created = options.created ?? '1970-01-01T00:00:00Z';
  if (Number.isNaN(Date.parse(created))) throw new InvalidLayer(`${JSON.stringify(created)} is no time.`);
  // All that can be wrong with the folders is found before the first byte is fetched or written.
  const sources = options.layers.map((layer) => ({ layer, tree: listTree(layer) }));
  const { path, result } = await replaceLayout(options.output, async (partial) => {
    const known = await knownLayers(options.output);
    const resolving = options.base ? resolveBase(options.base, platform, partial) : undefined;
    const building = sources.map(({ layer, tree }) => buildLayer(layer, tree, partial, known));
    // All have ended, also when one has failed: nobody writes into the folder while it is taken away.
    await Promise.allSettled([resolving, ...building]);
    const [base, built] = [await resolving, await Promise.all(building)];
    const diffIds = built.map(({ diffId }) => diffId);
    const config = imageConfig(options, { created, platform, diffIds }, base?.config);
    return await writeImage(options, partial, config, base, built);
  });
  return { layout: path, ...result };
}

async function writeImage(
  options: AssembleOptions,
  layout: string,
  imageConfig: ImageConfig,
  base: Base | undefined,
  built: BuiltLayer[],
): Promise<Omit<AssembledImage, 'layout'>> {
  const config = await writeBlob(layout, Buffer.from(JSON.stringify(imageConfig)));
  const layers = [...(base?.layers ?? []), ...built.map(({ descriptor }) => descriptor)];
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...config },
    layers,
    annotations: sortKeys({ ...options.annotations, ...baseAnnotations(options, base) }),
  };
  const { digest, size } = await writeBlob(layout, Buffer.from(JSON.stringify(manifest)));
  await writeIndex(layout, {
    mediaType: mediaTypes.manifest,
    digest,
    size,
    annotations: {
      ...(base?.reference ? { [annotations.baseName]: base.reference } : {}),
      [annotations.compressor]: compressor,
    },
  });
  return { digest, sizeBytes: [config, ...layers].reduce((sum, blob) => sum + blob.size, 0), layers };
}

// The layout's own entry always says where the base is, for push. The image says so only where that name means
// something: a port of this machine would make the same content another digest on each.
function baseAnnotations({ base: source }: AssembleOptions, base: Base | undefined): Record<string, string> {
  if (!base?.digest || !source) return {};
  const means = isInRegistry(source.reference) && !isLoopback(parseReference(source.reference).registry);
  return {
    ...(means ? { [annotations.baseName]: source.reference } : {}),
    [annotations.baseDigest]: base.digest,
  };
}

/** The earlier layout in the output's place is the cache: what it holds needs no second compression. */
async function knownLayers(output: string): Promise<KnownLayers> {
  const earlier = await readLayout(output).catch(() => undefined);
  const known = new Map<string, { digest: string; size: number; file: string }>();
  if (earlier?.descriptor.annotations?.[annotations.compressor] !== compressor) return known;
  for (const [i, { digest, size }] of earlier.manifest.layers.entries())
    if ((await blobSize(output, digest)) !== undefined)
      known.set(earlier.config.rootfs.diff_ids[i]!, { digest, size, file: blobFile(output, digest) });
  return known;
}
