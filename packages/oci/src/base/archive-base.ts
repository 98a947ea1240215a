import { createReadStream } from 'node:fs';
import { readFile, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { DigestMismatch, InvalidLayout, PlatformMissing } from '../errors.ts';
import { extractLayer } from '../extract-layer.ts';
import { decompress } from '../layer/read-layer.ts';
import { writeLayer } from '../layer/write-layer.ts';
import { type Descriptor, mediaTypes, parseConfig } from '../manifest.ts';
import type { Base } from './base.ts';
import { formatPlatform, type Platform, runsOn } from './platform.ts';

/**
 * A base in an archive that `docker save` wrote, of any age: the archive is unpacked beside the layout, its layers are
 * compressed into it, and each is held to the config's diff_id. Throws {@link InvalidLayout}.
 */
export async function resolveArchiveBase(file: string, platform: Platform, layout: string): Promise<Base> {
  const isFile = await stat(file).then(
    (stats) => stats.isFile(),
    () => false,
  );
  if (!isFile)
    throw new InvalidLayout(`There is no archive ${file}.`, {
      hint: 'Write one: docker save -o FILE IMAGE.',
    });
  const folder = join(layout, 'archive.partial');
  try {
    await extractLayer(createReadStream(file), folder);
    const { Config, Layers } = parseArchiveManifest(await readInside(folder, 'manifest.json', file), file);
    const config = parseConfig(await readInside(folder, Config, file), `${file}, config,`);
    if (!runsOn(config, platform))
      throw new PlatformMissing(
        `${file} is an image for ${formatPlatform(config)}, not for ${formatPlatform(platform)}.`,
      );
    if (Layers.length !== config.rootfs.diff_ids.length)
      throw new InvalidLayout(
        `${file} has ${Layers.length} layers, its config ${config.rootfs.diff_ids.length}.`,
      );
    const layers: Descriptor[] = [];
    for (const [i, name] of Layers.entries()) {
      // An archive of a containerd store holds gzipped layers; compressed anew, equal content has one digest.
      const tar = decompress(createReadStream(await insideFile(folder, name, file)));
      const { diffId, digest, size } = await writeLayer(tar, layout);
      if (diffId !== config.rootfs.diff_ids[i])
        throw new DigestMismatch(
          `${file}: layer ${name} is ${diffId}, the config says ${config.rootfs.diff_ids[i]}.`,
        );
      layers.push({ mediaType: mediaTypes.layer, digest, size });
    }
    return { reference: undefined, digest: undefined, layers, config };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseArchiveManifest(bytes: Buffer, file: string): { Config: string; Layers: string[] } {
  let images: unknown;
  try {
    images = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new InvalidLayout(`${file}: manifest.json is not JSON.`, { cause });
  }
  if (!Array.isArray(images) || images.length !== 1)
    throw new InvalidLayout(
      `${file} holds ${Array.isArray(images) ? images.length : 'no'} images, one is needed.`,
    );
  const { Config, Layers } = Object(images[0]);
  if (
    typeof Config !== 'string' ||
    !Array.isArray(Layers) ||
    !Layers.every((name) => typeof name === 'string')
  )
    throw new InvalidLayout(`${file}: manifest.json names no config and layers.`);
  return { Config, Layers };
}

const maxJsonBytes = 4 * 1024 * 1024;

async function readInside(folder: string, name: string, file: string): Promise<Buffer> {
  const path = await insideFile(folder, name, file);
  const { size } = await stat(path);
  if (size > maxJsonBytes) throw new InvalidLayout(`${file}: ${name} is ${size} bytes, far too large.`);
  return await readFile(path);
}

/** A file of the unpacked archive. Docker links equal layers to one another, so the way may go over links. */
async function insideFile(folder: string, name: string, file: string): Promise<string> {
  const root = await realpath(folder);
  const path = await realpath(join(root, name)).catch(() => '');
  if (!path.startsWith(root + sep) || !(await stat(path)).isFile())
    throw new InvalidLayout(`${file} has no ${name}: it is no archive of docker save.`);
  return path;
}
