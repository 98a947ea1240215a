import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRegistry, startDockerRegistry } from '../test/docker-registry.ts';
import { dockerTypes, putBase } from '../test/images.ts';
import { has, run } from '../test/programs.ts';
import { scratch, writeFiles } from '../test/scratch.ts';
import { scriptedRegistry } from '../test/scripted-registry.ts';
import { treeOf } from '../test/tree.ts';
import { type AssembleOptions, assemble } from './assemble.ts';
import { InvalidLayer, InvalidLayout, PlatformMissing } from './errors.ts';
import { readLayout } from './layout/layout.ts';
import { annotations, mediaTypes } from './manifest.ts';
import { Registry } from './registry/registry.ts';

async function sources(more: Partial<AssembleOptions> = {}): Promise<AssembleOptions> {
  const folder = await scratch();
  await writeFiles(folder, {
    'runtime/node_modules/o/index.js': 'o'.repeat(5000),
    'app/index.mjs': 'export {}',
    'model/model.onnx': 'weights',
  });
  return {
    platform: 'linux/amd64',
    layers: [
      { name: 'runtime', from: join(folder, 'runtime'), to: '/var/task' },
      { name: 'app', from: join(folder, 'app'), to: '/var/task' },
      { name: 'model', from: join(folder, 'model'), to: '/var/task/model' },
    ],
    config: { command: ['index.handler'] },
    output: join(folder, 'image'),
    ...more,
  };
}

describe('assemble over nothing', () => {
  it('writes a layout that reads back, layers in order and named', async () => {
    const options = await sources({ annotations: { b: '2', a: '1' }, created: '2026-05-01T12:00:00Z' });
    const image = await assemble({
      ...options,
      config: {
        command: ['index.handler'],
        entrypoint: ['/x'],
        env: { B: '2', A: '1' },
        labels: { l: 'v' },
        workingDir: '/var/task',
      },
    });
    const { manifest, config, descriptor } = await readLayout(image.layout);
    expect(descriptor.digest).toBe(image.digest);
    expect(manifest.layers.map((layer) => layer.annotations?.[annotations.layer])).toEqual([
      'runtime',
      'app',
      'model',
    ]);
    expect(manifest.annotations).toEqual({ a: '1', b: '2' });
    expect(image.sizeBytes).toBe(
      manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size),
    );
    expect(config).toEqual({
      created: '2026-05-01T12:00:00Z',
      architecture: 'amd64',
      os: 'linux',
      config: {
        Env: ['A=1', 'B=2'],
        Entrypoint: ['/x'],
        Cmd: ['index.handler'],
        WorkingDir: '/var/task',
        Labels: { l: 'v' },
      },
      rootfs: { type: 'layers', diff_ids: expect.any(Array) },
      history: ['runtime at /var/task', 'app at /var/task', 'model at /var/task/model'].map((what) => ({
        created: '2026-05-01T12:00:00Z',
        created_by: `mainline: layer ${what}`,
      })),
    });
  });

  it('gives one digest for one content, built anew or over its own earlier output', async () => {
    const options = await sources();
    const first = await assemble(options);
    utimesSync(join(options.layers[1]!.from, 'index.mjs'), 1e9, 1e9);
    const over = await assemble(options);
    const elsewhere = await assemble({ ...(await sources()) });
    expect([over.digest, elsewhere.digest]).toEqual([first.digest, first.digest]);
    writeFileSync(join(options.layers[2]!.from, 'model.onnx'), 'new weights');
    const changed = await assemble(options);
    expect(changed.layers.map((layer, i) => layer.digest === first.layers[i]?.digest)).toEqual([
      true,
      true,
      false,
    ]);
    expect(readdirSync(join(changed.layout, 'blobs/sha256'))).toHaveLength(5);
  });

  it.skipIf(!has('skopeo'))(
    'is an image to skopeo, which unpacks to the folders (needs skopeo)',
    async () => {
      const options = await sources();
      const image = await assemble({
        ...options,
        config: { command: ['index.handler'], labels: { who: 'me' } },
      });
      const seen = JSON.parse(run('skopeo', ['inspect', `oci:${image.layout}`]));
      expect(seen).toMatchObject({
        Digest: image.digest,
        Architecture: 'amd64',
        Os: 'linux',
        Labels: { who: 'me' },
        Layers: image.layers.map((layer) => layer.digest),
      });
      const copy = join(await scratch(), 'copy');
      run('skopeo', ['copy', '--preserve-digests', `oci:${image.layout}`, `dir:${copy}`]);
      const into = await scratch();
      for (const layer of image.layers) run('tar', ['-xzf', join(copy, layer.digest.slice(7)), '-C', into]);
      expect(Object.keys(await treeOf(into)).filter((path) => /\.(js|mjs|onnx)$/.test(path))).toEqual([
        'var/task/index.mjs',
        'var/task/model/model.onnx',
        'var/task/node_modules/o/index.js',
      ]);
    },
  );

  it('leaves the earlier image whole and nothing else behind when it fails', async () => {
    const options = await sources();
    const { digest } = await assemble(options);
    const siblings = readdirSync(join(options.output, '..'));
    const server = await scriptedRegistry((_, response) => response.writeHead(404).end());
    await expect(assemble({ ...options, base: { reference: `${server.registry}/none:1` } })).rejects.toThrow(
      /404/,
    );
    rmSync(options.layers[1]!.from, { recursive: true });
    await expect(assemble(options)).rejects.toThrow(InvalidLayer);
    expect((await readLayout(options.output)).descriptor.digest).toBe(digest);
    expect(readdirSync(join(options.output, '..')).sort()).toEqual(
      siblings.filter((name) => name !== 'app').sort(),
    );
  });

  it('recovers what a killed build left', async () => {
    const options = await sources();
    await mkdir(join(options.output, '../.image.partial/blobs'), { recursive: true });
    writeFileSync(join(options.output, '../.image.partial/blobs/junk'), 'junk');
    const image = await assemble(options);
    expect(existsSync(join(image.layout, 'blobs/junk'))).toBe(false);
    expect(existsSync(join(options.output, '../.image.partial'))).toBe(false);
  });

  it('asks no registry and writes nothing when the input is wrong', async () => {
    const server = await scriptedRegistry((_, response) => response.writeHead(500).end());
    const good = await sources();
    const base = { reference: `${server.registry}/base:1` };
    for (const wrong of [
      { layers: [...good.layers, { name: 'x', from: '/nowhere', to: '/x' }] },
      { platform: 'amd64' },
      { created: 'yesterday' },
    ])
      await expect(assemble({ ...good, base, ...wrong })).rejects.toThrow(/nowhere|platform|time/);
    expect(server.asked).toEqual([]);
    expect(existsSync(good.output)).toBe(false);
  });

  it('never replaces a folder that is something else', async () => {
    const options = await sources();
    await writeFiles(options.output, { 'thesis.txt': 'years of work' });
    await expect(assemble(options)).rejects.toThrow(InvalidLayout);
    expect(readFileSync(join(options.output, 'thesis.txt'), 'utf8')).toBe('years of work');
    await expect(assemble({ ...options, output: join(options.output, 'thesis.txt') })).rejects.toThrow(
      /not a folder/,
    );
  });
});

describe.skipIf(!has('docker-registry'))('assemble over a base (needs docker-registry)', () => {
  let server: RunningRegistry;
  let digests: { amd64: string; arm64: string };
  const base = (name: string) => ({ reference: `${server.registry}/${name}`, credential: server.credential });
  beforeAll(async () => {
    server = await startDockerRegistry();
    const registry = new Registry(server);
    digests = await putBase(registry, 'base', '1');
    await putBase(registry, 'docker-base', '1', dockerTypes);
    registry.close();
  });
  afterAll(() => server?.close());

  it("takes the platform's image out of the index and keeps its config, never its bytes", async () => {
    const image = await assemble({
      ...(await sources()),
      base: base('base:1'),
      config: { command: ['index.handler'], env: { LANG: 'C', MODEL: 'm' }, labels: { mine: '1' } },
    });
    const { config, manifest, descriptor } = await readLayout(image.layout);
    expect(config.config).toEqual({
      Env: ['PATH=/var/lang/bin:/bin', 'LANG=C', 'MODEL=m'],
      Entrypoint: ['/lambda-entrypoint.sh'],
      WorkingDir: '/var/task',
      Labels: { base: 'yes', mine: '1' },
      Cmd: ['index.handler'],
    });
    expect(config.history?.map((entry) => entry.created_by)).toEqual([
      'ADD',
      'ENV',
      ...['runtime at /var/task', 'app at /var/task', 'model at /var/task/model'].map(
        (what) => `mainline: layer ${what}`,
      ),
    ]);
    expect(manifest.layers).toHaveLength(4);
    expect(existsSync(join(image.layout, 'blobs/sha256', manifest.layers[0]!.digest.slice(7)))).toBe(false);
    expect(manifest.annotations).toEqual({ [annotations.baseDigest]: digests.amd64 });
    expect(descriptor.annotations?.[annotations.baseName]).toBe(`${server.registry}/base:1@${digests.amd64}`);
  });

  it('finds arm64 with and without its variant, by tag and by digest', async () => {
    for (const [platform, reference] of [
      ['linux/arm64', 'base:1'],
      ['linux/arm64/v8', `base@${digests.arm64}`],
    ] as const) {
      const image = await assemble({ ...(await sources()), platform, base: base(reference) });
      const { config, manifest } = await readLayout(image.layout);
      expect([config.architecture, config.variant]).toEqual(['arm64', 'v8']);
      expect(manifest.annotations?.[annotations.baseDigest]).toBe(digests.arm64);
    }
  });

  it("writes OCI's media types over a Docker base, too, and the same image", async () => {
    const images = [];
    for (const name of ['base:1', 'docker-base:1'])
      images.push(await assemble({ ...(await sources()), base: base(name) }));
    const { manifest } = await readLayout(images[1]!.layout);
    expect(manifest.mediaType).toBe(mediaTypes.manifest);
    expect(new Set(manifest.layers.map((layer) => layer.mediaType))).toEqual(new Set([mediaTypes.layer]));
    expect(images[1]!.layers).toEqual(images[0]!.layers);
  });

  it('says which platforms there are when the one asked for is missing', async () => {
    await expect(
      assemble({ ...(await sources()), platform: 'linux/riscv64', base: base('base:1') }),
    ).rejects.toThrow(/no image for linux\/riscv64.*linux\/amd64, linux\/arm64\/v8/);
    await expect(
      assemble({ ...(await sources()), platform: 'linux/amd64', base: base(`base@${digests.arm64}`) }),
    ).rejects.toThrow(PlatformMissing);
  });

  it('is the same image wherever the registry of the base is', async () => {
    const other = await startDockerRegistry();
    await putBase(new Registry(other), 'base', '1');
    const here = await assemble({ ...(await sources()), base: base('base:1') });
    const there = await assemble({
      ...(await sources()),
      base: { reference: `${other.registry}/base:1`, credential: other.credential },
    });
    expect(there.digest).toBe(here.digest);
    expect(statSync(here.layout).isDirectory()).toBe(true);
    await other.close();
  });
});
