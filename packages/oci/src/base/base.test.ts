import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildImage } from '../../test/build-image.ts';
import { has, run } from '../../test/programs.ts';
import { scratch, writeFiles } from '../../test/scratch.ts';
import { type RawEntry, rawTar } from '../../test/write-layout.ts';
import { digestOf } from '../digest.ts';
import { DigestMismatch, InvalidLayout, PlatformMissing, UnsafeTarEntry } from '../errors.ts';
import { blobFile, readLayout } from '../layout/layout.ts';

describe('a base in a layout', () => {
  it('lies below with all its layers and its digest', async () => {
    const below = await buildImage({}, { config: { command: ['old'], env: { A: '1' } } });
    const image = await buildImage(
      { app: { other: 'x' } },
      { base: { reference: `oci:${below.layout}` }, config: {} },
    );
    const { manifest, config } = await readLayout(image.layout);
    expect(manifest.layers.slice(0, 2).map(({ digest }) => digest)).toEqual(
      below.layers.map(({ digest }) => digest),
    );
    expect(config.config).toEqual({ Env: ['A=1'], Cmd: ['old'] });
    expect(manifest.annotations).toEqual({ 'org.opencontainers.image.base.digest': below.digest });
    for (const { digest } of manifest.layers) expect(existsSync(blobFile(image.layout, digest))).toBe(true);
  });

  it('must be there and for the platform', async () => {
    const below = await buildImage();
    await expect(
      buildImage({}, { base: { reference: `oci:${below.layout}` }, platform: 'linux/arm64' }),
    ).rejects.toThrow(PlatformMissing);
    await expect(buildImage({}, { base: { reference: 'oci:/nowhere' } })).rejects.toThrow(InvalidLayout);
  });
});

/** An archive as docker save writes it: manifest.json, a config and a folder per layer. */
async function archive(files: RawEntry[]): Promise<string> {
  const file = join(await scratch(), 'image.tar');
  writeFileSync(file, rawTar(files));
  return file;
}

const layer = rawTar([
  { path: 'etc', type: 'directory' },
  { path: 'etc/base', content: 'base' },
]);
const config = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  config: { Env: ['A=1'] },
  rootfs: { type: 'layers', diff_ids: [digestOf(layer), digestOf(layer)] },
});
const manifest = JSON.stringify([
  { Config: 'c.json', RepoTags: ['x:1'], Layers: ['one/layer.tar', 'two/layer.tar'] },
]);
const whole: RawEntry[] = [
  { path: 'one/layer.tar', content: layer },
  // Docker writes a layer that comes twice once, and links to it.
  { path: 'two/layer.tar', type: 'symlink', link: '../one/layer.tar' },
  { path: 'c.json', content: config },
  { path: 'manifest.json', content: manifest },
];

describe('a base in an archive of docker save', () => {
  it('is compressed into the layout, layer by layer', async () => {
    const image = await buildImage({}, { base: { reference: `docker-archive:${await archive(whole)}` } });
    const { manifest: written, config: merged } = await readLayout(image.layout);
    expect(merged.rootfs.diff_ids.slice(0, 2)).toEqual([digestOf(layer), digestOf(layer)]);
    expect(merged.config.Env).toEqual(['A=1']);
    expect(written.layers).toHaveLength(4);
    expect(readdirSync(image.layout).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  it.skipIf(!has('skopeo'))('is also what skopeo writes (needs skopeo)', async () => {
    const below = await buildImage({ app: { 'index.mjs': 'from skopeo' } });
    const file = join(await scratch(), 'saved.tar');
    run('skopeo', ['copy', `oci:${below.layout}`, `docker-archive:${file}:x:1`]);
    const image = await buildImage({}, { base: { reference: `docker-archive:${file}` } });
    const [saved, original] = [await readLayout(image.layout), await readLayout(below.layout)];
    expect(saved.config.rootfs.diff_ids.slice(0, 2)).toEqual(original.config.rootfs.diff_ids);
    // Compressed by us both times: the very same layers.
    expect(saved.manifest.layers.slice(0, 2).map(({ digest }) => digest)).toEqual(
      below.layers.map(({ digest }) => digest),
    );
  });

  const without = (path: string, ...more: RawEntry[]) => [
    ...whole.filter((entry) => entry.path !== path),
    ...more,
  ];
  it.each<[string, RawEntry[], new (...args: never[]) => Error]>([
    ['no manifest', without('manifest.json'), InvalidLayout],
    [
      'a manifest that is no JSON',
      without('manifest.json', { path: 'manifest.json', content: '[' }),
      InvalidLayout,
    ],
    [
      'two images',
      without('manifest.json', {
        path: 'manifest.json',
        content: `[${manifest.slice(1, -1)},${manifest.slice(1, -1)}]`,
      }),
      InvalidLayout,
    ],
    ['a layer that is missing', without('one/layer.tar'), InvalidLayout],
    [
      'a layer outside',
      without('manifest.json', {
        path: 'manifest.json',
        content: manifest.replace('one/layer.tar', '../../../../etc/passwd'),
      }),
      InvalidLayout,
    ],
    [
      'another layer than its config says',
      without('one/layer.tar', { path: 'one/layer.tar', content: rawTar([{ path: 'evil' }]) }),
      DigestMismatch,
    ],
    [
      'fewer layers than its config says',
      without('manifest.json', { path: 'manifest.json', content: manifest.replace(',"two/layer.tar"', '') }),
      InvalidLayout,
    ],
    ['a link out', [{ path: 'x', type: 'symlink', link: '/etc' }, ...whole], UnsafeTarEntry],
  ])('with %s is refused, and nothing is left', async (_, entries, kind) => {
    const folder = await scratch();
    await writeFiles(folder, { 'app/a': 'a' });
    await mkdir(join(folder, 'out'));
    const output = join(folder, 'out/image');
    await expect(
      buildImage({}, { base: { reference: `docker-archive:${await archive(entries)}` }, output }),
    ).rejects.toThrow(kind);
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });

  it('must be there and for the platform', async () => {
    const file = await archive(whole);
    await expect(
      buildImage({}, { base: { reference: `docker-archive:${file}` }, platform: 'linux/arm64' }),
    ).rejects.toThrow(PlatformMissing);
    await expect(buildImage({}, { base: { reference: 'docker-archive:/nowhere.tar' } })).rejects.toThrow(
      /docker save -o/,
    );
    execFileSync('truncate', ['-s', '700', file]);
    await expect(buildImage({}, { base: { reference: `docker-archive:${file}` } })).rejects.toThrow(
      /breaks off/,
    );
  });
});
