import { isDigest } from './digest.ts';
import { InvalidManifest } from './errors.ts';

/** Media types this package writes, and Docker's older names for the same bytes, which it reads. */
export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
} as const;

/** The annotations of the OCI image specification that this package reads or writes, and its own. */
export const annotations = {
  baseName: 'org.opencontainers.image.base.name',
  baseDigest: 'org.opencontainers.image.base.digest',
  /** On a layer: the name it was assembled under (runtime, app, model). */
  layer: 'dev.mainline.layer',
  /** On a layout's entry: what compressed its layers; equal only where equal input means equal bytes. */
  compressor: 'dev.mainline.compressor',
} as const;

/** A pointer to a blob: what it is, its sha256 and its size in bytes. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

/** One image of an index, with the platform it runs on. */
export interface IndexEntry extends Descriptor {
  platform?: { os: string; architecture: string; variant?: string };
}

/** An image manifest: its config and its layers, lowest first. */
export interface Manifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: Record<string, string>;
}

/** A list of manifests, one per platform. */
export interface ImageIndex {
  schemaVersion: 2;
  mediaType: string;
  manifests: IndexEntry[];
  annotations?: Record<string, string>;
}

/** What a container of the image starts with; keys as the specification writes them. */
export interface RuntimeConfig {
  User?: string;
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
  Labels?: Record<string, string>;
  [other: string]: unknown;
}

/** One step of an image's history. */
export interface HistoryEntry {
  created?: string;
  created_by?: string;
  empty_layer?: boolean;
  [other: string]: unknown;
}

/** An image's configuration; `rootfs.diff_ids` are the sha256 of its layers before compression. */
export interface ImageConfig {
  created?: string;
  architecture: string;
  os: string;
  variant?: string;
  config: RuntimeConfig;
  rootfs: { type: 'layers'; diff_ids: string[] };
  history?: HistoryEntry[];
}

/** Whether a parsed manifest is an index over several. */
export function isIndex(manifest: Manifest | ImageIndex): manifest is ImageIndex {
  return 'manifests' in manifest;
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const isStringMap = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every((item) => typeof item === 'string');

function parseJson(bytes: Uint8Array, source: string): Json {
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isObject(json)) return json;
  } catch (cause) {
    throw new InvalidManifest(`${source} is not JSON.`, { cause });
  }
  throw new InvalidManifest(`${source} is not a JSON object.`);
}

function parseDescriptor(json: unknown, source: string): Descriptor {
  if (!isObject(json)) throw new InvalidManifest(`${source} is not a descriptor.`);
  const { mediaType, digest, size, annotations } = json;
  if (typeof mediaType !== 'string') throw new InvalidManifest(`${source} has no mediaType.`);
  if (typeof digest !== 'string' || !isDigest(digest))
    throw new InvalidManifest(`${source} has no sha256 digest (${JSON.stringify(digest)}).`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new InvalidManifest(`${source} has no size in bytes (${JSON.stringify(size)}).`);
  if (annotations !== undefined && annotations !== null && !isStringMap(annotations))
    throw new InvalidManifest(`${source} has annotations that are no texts.`);
  return { mediaType, digest, size, ...(annotations ? { annotations } : {}) };
}

function parseEntry(json: unknown, source: string): IndexEntry {
  const descriptor = parseDescriptor(json, source);
  const platform = isObject(json) ? json.platform : undefined;
  if (!isObject(platform)) return descriptor;
  const { os, architecture, variant } = platform;
  if (typeof os !== 'string' || typeof architecture !== 'string') return descriptor;
  return {
    ...descriptor,
    platform: { os, architecture, ...(typeof variant === 'string' ? { variant } : {}) },
  };
}

/**
 * Bytes of a manifest or an index, OCI's or Docker's. `mediaType` is what the registry or layout called them; the
 * document's own wins. Throws {@link InvalidManifest} on anything else, Docker's schema 1 included.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string, source: string): Manifest | ImageIndex {
  const json = parseJson(bytes, source);
  if (json.schemaVersion !== 2)
    throw new InvalidManifest(`${source} has schemaVersion ${JSON.stringify(json.schemaVersion)}, not 2.`, {
      hint: 'Images of that age must be pushed again by a current client.',
    });
  const common = {
    schemaVersion: 2 as const,
    mediaType: typeof json.mediaType === 'string' ? json.mediaType : mediaType,
    ...(isStringMap(json.annotations) ? { annotations: json.annotations } : {}),
  };
  if (Array.isArray(json.manifests))
    return {
      ...common,
      manifests: json.manifests.map((entry, i) => parseEntry(entry, `${source}, manifests[${i}],`)),
    };
  if (!Array.isArray(json.layers))
    throw new InvalidManifest(`${source} (${common.mediaType}) is neither an image manifest nor an index.`);
  return {
    ...common,
    config: parseDescriptor(json.config, `${source}, config,`),
    layers: json.layers.map((layer, i) => parseDescriptor(layer, `${source}, layers[${i}],`)),
  };
}

/** Bytes of an image's configuration. Throws {@link InvalidManifest} when a field this package relies on is missing. */
export function parseConfig(bytes: Uint8Array, source: string): ImageConfig {
  const json = parseJson(bytes, source);
  const { architecture, os, variant, created, rootfs, history } = json;
  if (typeof architecture !== 'string' || typeof os !== 'string')
    throw new InvalidManifest(`${source} names no os and architecture.`);
  if (!isObject(rootfs) || !isStrings(rootfs.diff_ids) || !rootfs.diff_ids.every(isDigest))
    throw new InvalidManifest(`${source} has no rootfs.diff_ids.`);
  return {
    architecture,
    os,
    ...(typeof variant === 'string' ? { variant } : {}),
    ...(typeof created === 'string' ? { created } : {}),
    config: parseRuntimeConfig(json.config, source),
    rootfs: { type: 'layers', diff_ids: rootfs.diff_ids },
    ...(Array.isArray(history) ? { history: history.filter(isObject) } : {}),
  };
}

function parseRuntimeConfig(json: unknown, source: string): RuntimeConfig {
  if (!isObject(json)) return {};
  // Docker writes null for "not set"; leaving the key out says the same.
  const config = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
  for (const key of ['Env', 'Entrypoint', 'Cmd'])
    if (config[key] !== undefined && !isStrings(config[key]))
      throw new InvalidManifest(`${source}, config.${key}, is no list of texts.`);
  for (const key of ['User', 'WorkingDir'])
    if (config[key] !== undefined && typeof config[key] !== 'string')
      throw new InvalidManifest(`${source}, config.${key}, is no text.`);
  if (config.Labels !== undefined && !isStringMap(config.Labels))
    throw new InvalidManifest(`${source}, config.Labels, are no texts.`);
  return config;
}
