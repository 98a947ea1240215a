import { PlatformMissing } from '../errors.ts';
import { blobFile, blobSize, linkBlob, readLayout } from '../layout/layout.ts';
import { asOci, type Base } from './base.ts';
import { formatPlatform, type Platform, runsOn } from './platform.ts';

/** A base in an OCI layout on disk: its layers are linked into the new one; those it lacks come from its own base. */
export async function resolveLayoutBase(path: string, platform: Platform, layout: string): Promise<Base> {
  const { descriptor, manifest, config, base } = await readLayout(path);
  if (!runsOn(config, platform))
    throw new PlatformMissing(
      `${path} is an image for ${formatPlatform(config)}, not for ${formatPlatform(platform)}.`,
    );
  for (const { digest } of manifest.layers)
    if ((await blobSize(path, digest)) !== undefined) await linkBlob(blobFile(path, digest), layout, digest);
  return { reference: base, digest: descriptor.digest, layers: manifest.layers.map(asOci), config };
}
