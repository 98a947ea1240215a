import { openFromRegistry } from '../image.ts';
import { formatReference, parseReference } from '../reference.ts';
import { asOci, type Base, type BaseSource } from './base.ts';
import type { Platform } from './platform.ts';

/** A base in a registry: its layers stay there. */
export async function resolveRegistryBase(base: BaseSource, platform: Platform): Promise<Base> {
  const { reference, credential } = base;
  const { registry, repository, tag } = parseReference(reference);
  const { digest, manifest, config, close } = await openFromRegistry(reference, { platform, credential });
  close();
  return {
    reference: formatReference({ registry, repository, ...(tag ? { tag } : {}), digest }),
    digest,
    layers: manifest.layers.map(asOci),
    config,
  };
}
