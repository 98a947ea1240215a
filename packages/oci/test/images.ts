import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../src/digest.ts';
import { type Descriptor, mediaTypes } from '../src/manifest.ts';
import type { Registry } from '../src/registry/registry.ts';
import { blockBytes, encodeHeader, padding } from '../src/tar/header.ts';

const dockerTypes = {
  manifest: mediaTypes.dockerManifest,
  index: mediaTypes.dockerIndex,
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** A gzipped tar of files with these contents. */
export function layerOf(files: Record<string, string>): { blob: Buffer; diffId: string } {
  const parts = Object.entries(files).flatMap(([path, content]) => {
    const bytes = Buffer.from(content);
    return [
      encodeHeader({ path, type: 'file', mode: 0o644, size: bytes.length }),
      bytes,
      padding(bytes.length),
    ];
  });
  const tar = Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
  return { blob: gzipSync(tar), diffId: digestOf(tar) };
}

async function put(
  registry: Registry,
  repository: string,
  mediaType: string,
  bytes: Buffer,
): Promise<Descriptor> {
  const blob = { digest: digestOf(bytes), size: bytes.length };
  await registry.putBlob(repository, blob, () => Readable.from([bytes]));
  return { mediaType, ...blob };
}

/**
 * Puts a base into a registry as `repository:tag`, the way public.ecr.aws has it: an index over amd64 and arm64, and
 * an attestation that is no image. Returns each platform's manifest digest.
 */
export async function putBase(
  registry: Registry,
  repository: string,
  tag: string,
  types: typeof dockerTypes | typeof mediaTypes = mediaTypes,
): Promise<{ amd64: string; arm64: string }> {
  const platforms = [];
  for (const [architecture, variant] of [['amd64'], ['arm64', 'v8']]) {
    const { blob, diffId } = layerOf({ 'etc/base': `a base for ${architecture}` });
    const config = {
      architecture,
      os: 'linux',
      ...(variant ? { variant } : {}),
      created: '2026-01-01T00:00:00Z',
      config: {
        Hostname: 'build-3',
        Image: '',
        Cmd: null,
        Env: ['PATH=/var/lang/bin:/bin', 'LANG=en_US.UTF-8'],
        Entrypoint: ['/lambda-entrypoint.sh'],
        WorkingDir: '/var/task',
        Labels: { base: 'yes' },
      },
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [
        { created: '2026-01-01T00:00:00Z', created_by: 'ADD' },
        { created_by: 'ENV', empty_layer: true },
      ],
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: await put(registry, repository, types.config, Buffer.from(JSON.stringify(config))),
      layers: [await put(registry, repository, types.layer, blob)],
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    await registry.putManifest(repository, digestOf(bytes), { mediaType: types.manifest, bytes });
    platforms.push({
      mediaType: types.manifest,
      digest: digestOf(bytes),
      size: bytes.length,
      platform: { os: 'linux', architecture, ...(variant ? { variant } : {}) },
    });
  }
  const [amd64, arm64] = platforms;
  const attestation = { ...amd64, platform: { os: 'unknown', architecture: 'unknown' } };
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [attestation, ...platforms] }),
  );
  await registry.putManifest(repository, tag, { mediaType: types.index, bytes: index });
  return { amd64: amd64!.digest, arm64: arm64!.digest };
}

export { dockerTypes };
