import { describe, expect, it } from 'vitest';
import { buildImage } from '../test/build-image.ts';
import { diff } from './diff.ts';
import { openImage } from './image.ts';

describe('diff', () => {
  const model = { 'model.onnx': 'weights' };
  const files = { 'index.mjs': 'old', kept: 'same', gone: 'x' };

  it('says nothing of an image and itself', async () => {
    const one = await openImage((await buildImage()).layout);
    expect(await diff(one, one)).toMatchObject({
      same: true,
      layers: [],
      files: [],
      config: { before: [], after: [] },
    });
  });

  it('names layers, files, sizes and config lines that changed, and reads no layer that did not', async () => {
    const before = await openImage((await buildImage({ app: files, model })).layout);
    const after = await openImage(
      (
        await buildImage(
          { app: { 'index.mjs': 'newer', kept: 'same', come: 'yy' }, model },
          { config: { command: ['other.handler'], labels: { l: '1' } } },
        )
      ).layout,
    );
    const read: string[] = [];
    const watched = {
      ...after,
      openLayer: (layer: (typeof after.manifest.layers)[number]) => {
        read.push(layer.digest);
        return after.openLayer(layer);
      },
    };
    const result = await diff(before, watched);
    expect(result).toEqual({
      same: false,
      shared: { layers: 1, sizeBytes: before.manifest.layers[1]!.size },
      layers: [
        { name: 'app', before: before.manifest.layers[0]!.size, after: after.manifest.layers[0]!.size },
      ],
      files: [
        { name: 'var/task/come', before: undefined, after: 2 },
        { name: 'var/task/gone', before: 1, after: undefined },
        { name: 'var/task/index.mjs', before: 3, after: 5 },
      ],
      config: { before: ['command ["index.handler"]'], after: ['command ["other.handler"]', 'label l=1'] },
      unread: [],
    });
    expect(read).toEqual([after.manifest.layers[0]!.digest]);
  });

  it('says which layers it could not look into', async () => {
    const before = await openImage((await buildImage({ app: files })).layout);
    const after = await openImage((await buildImage()).layout);
    const blind = { ...after, openLayer: async () => undefined };
    expect((await diff(before, blind)).unread).toEqual([
      `${after.name}: ${after.manifest.layers[0]!.digest}`,
    ]);
  });
});
