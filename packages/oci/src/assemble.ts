import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Base, type Platform, parsePlatform, resolveBase } from './base.ts';
import { InvalidLayer, InvalidLayout } from './errors.ts';
import { compressor } from './gzip.ts';
import { type BuiltLayer, buildLayer, type KnownLayers } from './layer/build-layer.ts';
import { type LayerSource, listTree } from './layer/list-tree.ts';
import { blobFile, blobSize, createLayout, readLayout, writeBlob, writeIndex } from './layout/layout.ts';
import { annotations, type Descriptor, type ImageConfig, type Manifest, mediaTypes } from './manifest.ts';
import { isLoopback, parseReference } from './reference.ts';
import type { CredentialSource } from './registry/authorization.ts';

/** What goes into an image. */
export interface AssembleOptions {
  /** The image below; without it the layers are all there is. Its layers are referred to, never downloaded. */
  base?: { reference: string; credential?: CredentialSource } | undefined;
  /** `linux/amd64`, `linux/arm64`. */
  platform: string;
  /** Folders, lowest layer first: put what changes least first. */
  layers: LayerSource[];
  config: {
    command: string[];
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
  const output = resolve(options.output);
  await refuseForeignFolder(output);
  // All that can be wrong with the folders is found before the first byte is fetched or written.
  for (const layer of options.layers) await listTree(layer);

  const partial = join(dirname(output), `.${basename(output)}.partial`);
  await rm(partial, { recursive: true, force: true });
  try {
    await createLayout(partial);
    const known = await knownLayers(output);
    const resolving = options.base ? resolveBase(options.base, platform) : undefined;
    const building = options.layers.map((layer) => buildLayer(layer, partial, known));
    // All have ended, also when one has failed: nobody writes into the folder while it is taken away.
    await Promise.allSettled([resolving, ...building]);
    const [base, built] = [await resolving, await Promise.all(building)];
    const config = Buffer.from(JSON.stringify(imageConfig(options, created, platform, base, built)));
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, ...(await writeBlob(partial, config)) },
      layers: [...(base?.layers ?? []), ...built.map(({ descriptor }) => descriptor)],
      annotations: sorted({ ...options.annotations, ...baseAnnotations(options, base) }),
    };
    const descriptor: Descriptor = {
      mediaType: mediaTypes.manifest,
      ...(await writeBlob(partial, Buffer.from(JSON.stringify(manifest)))),
      annotations: {
        ...(base ? { [annotations.baseName]: base.reference, [annotations.baseDigest]: base.digest } : {}),
        [annotations.compressor]: compressor,
      },
    };
    await writeIndex(partial, descriptor);
    await replace(output, partial);
    return {
      layout: output,
      digest: descriptor.digest,
      sizeBytes: [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0),
      layers: manifest.layers,
    };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

// The layout's own entry always says where the base is, for push. The image says so only where that name means
// something: a port of this machine would make the same content another digest on each.
function baseAnnotations({ base: source }: AssembleOptions, base: Base | undefined): Record<string, string> {
  if (!base || !source) return {};
  const named = isLoopback(parseReference(source.reference).registry)
    ? {}
    : { [annotations.baseName]: source.reference };
  return { ...named, [annotations.baseDigest]: base.digest };
}

function imageConfig(
  { config, layers }: AssembleOptions,
  created: string,
  platform: Platform,
  base: Base | undefined,
  built: BuiltLayer[],
): ImageConfig {
  const below = base?.config;
  const diffIds = below?.rootfs.diff_ids ?? [];
  const history = below ? (below.history ?? []) : [];
  const tellsAll = history.filter((entry) => !entry.empty_layer).length === diffIds.length;
  const { Env, Labels, ...inherited } = below?.config ?? {};
  for (const key of ofTheBuild) delete inherited[key];
  const env = mergeEnv(Env ?? [], config.env ?? {});
  const labels = sorted({ ...Labels, ...config.labels });
  return {
    created,
    architecture: platform.architecture,
    os: platform.os,
    ...((below?.variant ?? platform.variant) ? { variant: (below?.variant ?? platform.variant)! } : {}),
    config: {
      ...inherited,
      ...(env.length > 0 ? { Env: env } : {}),
      ...(config.entrypoint ? { Entrypoint: config.entrypoint } : {}),
      Cmd: config.command,
      ...(config.workingDir ? { WorkingDir: config.workingDir } : {}),
      ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}),
    },
    rootfs: { type: 'layers', diff_ids: [...diffIds, ...built.map(({ diffId }) => diffId)] },
    // A history must account for every layer; an incomplete one of the base can't be continued.
    ...(tellsAll
      ? {
          history: [
            ...history,
            ...layers.map(({ name, to }) => ({ created, created_by: `mainline: layer ${name} at ${to}` })),
          ],
        }
      : {}),
  };
}

/** What Docker notes in a config about the container that built the image. */
const ofTheBuild = [
  'Image',
  'Hostname',
  'Domainname',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Tty',
  'OpenStdin',
  'StdinOnce',
];

function mergeEnv(below: string[], above: Record<string, string>): string[] {
  const kept = below.filter((entry) => !((entry.split('=')[0] ?? '') in above));
  return [...kept, ...Object.entries(sorted(above)).map(([name, value]) => `${name}=${value}`)];
}

function sorted(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function refuseForeignFolder(output: string) {
  const names = await readdir(output).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw new InvalidLayout(`${output} is not a folder.`, { cause: error });
  });
  if (names.length > 0 && !names.includes('oci-layout'))
    throw new InvalidLayout(`${output} holds something else than an image layout.`, {
      hint: 'Nothing was written. Name another folder, or empty this one.',
    });
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

async function replace(output: string, partial: string) {
  const old = `${partial}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(output, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(partial, output);
  await rm(old, { recursive: true, force: true });
}
