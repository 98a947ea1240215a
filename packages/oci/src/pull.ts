import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parsePlatform } from './base/platform.ts';
import { OciError } from './errors.ts';
import { openImage } from './image.ts';
import { inParallel } from './in-parallel.ts';
import { blobFile, writeBlob, writeIndex } from './layout/layout.ts';
import { replaceLayout } from './layout/replace-layout.ts';
import type { CredentialSource } from './registry/authorization.ts';

/** What to pull where. */
export interface PullOptions {
  reference: string;
  /** Needed where the reference stands for several platforms. */
  platform?: string | undefined;
  credential?: CredentialSource | undefined;
  /** The folder that becomes the layout. */
  output: string;
}

const downloadsAtOnce = 4;

/** Fetches an image, all its layers included, into an OCI layout; every blob is checked against its digest. */
export async function pull(options: PullOptions): Promise<{ layout: string; digest: string }> {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const image = await openImage(options.reference, { platform, credential: options.credential });
  try {
    const { path, result } = await replaceLayout(options.output, async (partial) => {
      await inParallel(image.manifest.layers, downloadsAtOnce, async (layer) => {
        const blob = await image.openLayer(layer);
        if (!blob) throw new OciError(`${options.reference} does not hold its layer ${layer.digest}.`);
        await pipeline(blob, createWriteStream(blobFile(partial, layer.digest)));
      });
      await writeBlob(partial, image.configBytes);
      const manifest = await writeBlob(partial, image.manifestBytes);
      await writeIndex(partial, { mediaType: image.manifest.mediaType, ...manifest });
      return manifest.digest;
    });
    return { layout: path, digest: result };
  } finally {
    image.close();
  }
}
