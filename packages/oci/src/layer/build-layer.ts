import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Meter } from '../digest.ts';
import { InvalidLayer } from '../errors.ts';
import { linkBlob } from '../layout/layout.ts';
import { annotations, type Descriptor, mediaTypes } from '../manifest.ts';
import type { LayerSource, TreeEntry } from './list-tree.ts';
import { sbomEntries } from './sbom.ts';
import { writeLayer } from './write-layer.ts';
import { writeTar } from './write-tar.ts';

/** A layer in a layout: the blob, and the sha256 of its tar before compression. */
export interface BuiltLayer {
  descriptor: Descriptor;
  diffId: string;
}

/** Layers compressed earlier by the same compressor, by diffId, each with the file that holds it. */
export type KnownLayers = ReadonlyMap<string, { digest: string; size: number; file: string }>;

/**
 * Packs a folder, listed as `tree`, into `layout` as a gzipped tar: same content and modes in, same digest out, whatever the times, the
 * order of creation or the machine. A known layer is taken over after a look at its bytes instead of being compressed
 * again; the digest is the same either way.
 */
export async function buildLayer(
  source: LayerSource,
  tree: TreeEntry[],
  layout: string,
  known: KnownLayers,
): Promise<BuiltLayer> {
  const entries = source.sbom ? [...tree, ...sbomEntries(source.name, tree, source.sbom)] : tree;
  const describe = (digest: string, size: number): Descriptor => ({
    mediaType: mediaTypes.layer,
    digest,
    size,
    annotations: { [annotations.layer]: source.name },
  });
  // Hashing is twenty times as fast as compressing: worth a first pass where it may save the second.
  const expected = known.size > 0 ? await diffIdOf(writeTar(entries)) : undefined;
  const earlier = expected && known.get(expected);
  if (earlier && (await takeOver(earlier, layout)))
    return { descriptor: describe(earlier.digest, earlier.size), diffId: expected };

  const { digest, size, diffId } = await writeLayer(writeTar(entries), layout);
  if (expected && expected !== diffId)
    throw new InvalidLayer(`Layer ${source.name}: ${source.from} changed while it was read.`, {
      hint: 'Try again.',
    });
  return { descriptor: describe(digest, size), diffId };
}

async function diffIdOf(tar: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of tar) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

async function takeOver(earlier: { digest: string; file: string }, layout: string): Promise<boolean> {
  const meter = new Meter();
  await pipeline(createReadStream(earlier.file), meter.resume()).catch(() => {});
  if (meter.digest() !== earlier.digest) return false;
  await linkBlob(earlier.file, layout, earlier.digest);
  return true;
}
