import { resolveArchiveBase } from './archive-base.ts';
import type { Base, BaseSource } from './base.ts';
import { resolveLayoutBase } from './layout-base.ts';
import type { Platform } from './platform.ts';
import { resolveRegistryBase } from './registry-base.ts';

/** Finds a base's image for the platform; layers that aren't in a registry are brought into `layout`. */
export async function resolveBase(base: BaseSource, platform: Platform, layout: string): Promise<Base> {
  const [, kind, path = ''] = base.reference.match(/^(oci|docker-archive):(.*)$/s) ?? [];
  if (kind === 'oci') return await resolveLayoutBase(path, platform, layout);
  if (kind === 'docker-archive') return await resolveArchiveBase(path, platform, layout);
  return await resolveRegistryBase(base, platform);
}
