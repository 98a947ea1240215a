import { gunzipSync, gzipSync } from 'node:zlib';
import { digestOf } from '../src/digest.ts';
import { createLayout, writeBlob, writeIndex } from '../src/layout/layout.ts';
import { type ImageConfig, mediaTypes } from '../src/manifest.ts';
import { blockBytes, encodeHeader, padding, type TarHeader } from '../src/tar/header.ts';
import { scratch } from './scratch.ts';

/** An entry of a layer that our own builder would never write. */
export type RawEntry = Partial<Omit<TarHeader, 'type'>> & {
  path: string;
  type?: 'file' | 'directory' | 'symlink' | 'hardlink';
  content?: string | Buffer;
  /** Another type flag than the writer knows: a device, a fifo. */
  flag?: string;
};

/** The tar of these entries, as they are. */
export function rawTar(entries: RawEntry[]): Buffer {
  const parts = entries.flatMap(({ content = '', flag, ...entry }) => {
    const bytes = Buffer.from(content);
    const header = encodeHeader({
      type: 'file',
      mode: entry.type === 'directory' ? 0o755 : 0o644,
      ...entry,
      size: entry.size ?? bytes.length,
    });
    if (flag) {
      const sum = Number.parseInt(header.toString('latin1', 148, 154), 8) - header[156]! + flag.charCodeAt(0);
      header.write(flag, 156);
      header.write(sum.toString(8).padStart(6, '0'), 148);
    }
    return [header, bytes, padding(bytes.length)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

/** A layout of an image with these layers and config, however wrong: what other builders may have made. */
export async function writeLayout(
  layers: { entries: RawEntry[]; mediaType?: string; name?: string }[],
  config: Partial<ImageConfig['config']> = {},
  more: Partial<ImageConfig> = {},
): Promise<string> {
  const layout = await scratch();
  await createLayout(layout);
  const descriptors = [];
  const diffIds = [];
  for (const { entries, mediaType = mediaTypes.layer, name } of layers) {
    const blob = gzipSync(rawTar(entries));
    diffIds.push(digestOf(gunzipSync(blob)));
    descriptors.push({
      mediaType,
      ...(await writeBlob(layout, blob)),
      ...(name ? { annotations: { 'dev.mainline.layer': name } } : {}),
    });
  }
  const image = {
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['index.handler'], ...config },
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...more,
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: {
      mediaType: mediaTypes.config,
      ...(await writeBlob(layout, Buffer.from(JSON.stringify(image)))),
    },
    layers: descriptors,
  };
  await writeIndex(layout, {
    mediaType: mediaTypes.manifest,
    ...(await writeBlob(layout, Buffer.from(JSON.stringify(manifest)))),
  });
  return layout;
}
