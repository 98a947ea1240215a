import { createHash } from 'node:crypto';
import type { Image } from './image.ts';
import { readLayer } from './layer/read-layer.ts';
import { annotations, type Descriptor } from './manifest.ts';

/** A layer or a file that isn't the same in both images; a size is undefined on the side that lacks it. */
export interface Change {
  name: string;
  before: number | undefined;
  after: number | undefined;
}

/** What tells two images apart. */
export interface ImageDiff {
  /** Same manifest: nothing else was looked at. */
  same: boolean;
  /** Layers that both have, by digest, and their bytes. */
  shared: { layers: number; sizeBytes: number };
  /** Layers only one has, with compressed sizes. */
  layers: Change[];
  /** Files in those layers whose content, mode, target or presence differs, with their sizes. */
  files: Change[];
  /** Lines of the config (command, env, labels, platform) that only one has. */
  config: { before: string[]; after: string[] };
  /** Layers that could not be looked into: they are another registry's. */
  unread: string[];
}

/** Compares two images: layers by digest, files only in the layers that differ. */
export async function diff(before: Image, after: Image): Promise<ImageDiff> {
  const digests = [before, after].map(({ manifest }) => new Set(manifest.layers.map(({ digest }) => digest)));
  const [ofBefore, ofAfter] = [digests[0]!, digests[1]!];
  const removed = before.manifest.layers.filter(({ digest }) => !ofAfter.has(digest));
  const brought = after.manifest.layers.filter(({ digest }) => !ofBefore.has(digest));
  const shared = after.manifest.layers.filter(({ digest }) => ofBefore.has(digest));
  const unread: string[] = [];
  const [old, current] = [await filesOf(before, removed, unread), await filesOf(after, brought, unread)];
  const files = [...new Set([...old.keys(), ...current.keys()])].sort().flatMap((name): Change[] => {
    const [left, right] = [old.get(name), current.get(name)];
    return left?.print === right?.print ? [] : [{ name, before: left?.size, after: right?.size }];
  });
  const [was, is] = [configLines(before), configLines(after)];
  return {
    same: before.digest === after.digest,
    shared: { layers: shared.length, sizeBytes: shared.reduce((sum, { size }) => sum + size, 0) },
    layers: pairLayers(removed, brought),
    files,
    config: {
      before: was.filter((line) => !is.includes(line)),
      after: is.filter((line) => !was.includes(line)),
    },
    unread,
  };
}

/** Layers of one name are one layer that changed; the others came or went. */
function pairLayers(removed: Descriptor[], brought: Descriptor[]): Change[] {
  const nameOf = (layer: Descriptor) => layer.annotations?.[annotations.layer] ?? layer.digest.slice(7, 19);
  const after = new Map(brought.map((layer) => [nameOf(layer), layer.size]));
  const before = new Map(removed.map((layer) => [nameOf(layer), layer.size]));
  return [...new Set([...before.keys(), ...after.keys()])].map((name) => ({
    name,
    before: before.get(name),
    after: after.get(name),
  }));
}

async function filesOf(image: Image, layers: Descriptor[], unread: string[]) {
  const files = new Map<string, { print: string; size: number }>();
  for (const layer of layers) {
    const blob = await image.openLayer(layer);
    if (!blob) unread.push(`${image.name}: ${layer.digest}`);
    else
      for await (const { path, type, mode, size, link, content } of readLayer(blob)) {
        if (type === 'directory') continue;
        const hash = createHash('sha256');
        for await (const chunk of content) hash.update(chunk);
        files.set(path, { print: `${type} ${mode} ${link ?? ''} ${hash.digest('hex')}`, size });
      }
  }
  return files;
}

function configLines({ config: { os, architecture, config } }: Image): string[] {
  return [
    `platform ${os}/${architecture}`,
    `command ${JSON.stringify(config.Cmd ?? [])}`,
    `entrypoint ${JSON.stringify(config.Entrypoint ?? [])}`,
    `user ${config.User ?? ''}`,
    `working directory ${config.WorkingDir ?? ''}`,
    ...(config.Env ?? []).map((entry) => `env ${entry}`),
    ...Object.entries(config.Labels ?? {}).map(([name, value]) => `label ${name}=${value}`),
  ];
}
