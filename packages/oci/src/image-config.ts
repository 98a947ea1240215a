import type { AssembleOptions } from './assemble.ts';
import type { Platform } from './base/platform.ts';
import type { ImageConfig } from './manifest.ts';

/** The config of an image over a base: what the base says stays, unless it is said anew. */
export function imageConfig(
  { config, layers }: Pick<AssembleOptions, 'config' | 'layers'>,
  facts: { created: string; platform: Platform; diffIds: string[] },
  below: ImageConfig | undefined,
): ImageConfig {
  const { created, platform } = facts;
  const diffIds = below?.rootfs.diff_ids ?? [];
  const history = below?.history ?? [];
  const tellsAll = history.filter((entry) => !entry.empty_layer).length === diffIds.length;
  const { Env, Labels, ...inherited } = below?.config ?? {};
  for (const key of ofTheBuild) delete inherited[key];
  const env = mergeEnv(Env ?? [], config.env ?? {});
  const labels = sortKeys({ ...Labels, ...config.labels });
  const variant = below?.variant ?? platform.variant;
  return {
    created,
    architecture: platform.architecture,
    os: platform.os,
    ...(variant ? { variant } : {}),
    config: {
      ...inherited,
      ...(env.length > 0 ? { Env: env } : {}),
      ...(config.entrypoint ? { Entrypoint: config.entrypoint } : {}),
      ...(config.command ? { Cmd: config.command } : {}),
      ...(config.workingDir ? { WorkingDir: config.workingDir } : {}),
      ...(Object.keys(labels).length > 0 ? { Labels: labels } : {}),
    },
    rootfs: { type: 'layers', diff_ids: [...diffIds, ...facts.diffIds] },
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
  const kept = below.filter((entry) => !Object.hasOwn(above, entry.split('=')[0] ?? ''));
  return [...kept, ...Object.entries(sortKeys(above)).map(([name, value]) => `${name}=${value}`)];
}

/** The same entries in one order: an object's own order would be the caller's. */
export function sortKeys(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
