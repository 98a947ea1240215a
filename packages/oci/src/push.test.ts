import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRegistry, startDockerRegistry } from '../test/docker-registry.ts';
import { putBase } from '../test/images.ts';
import { has, run } from '../test/programs.ts';
import { scratch, writeFiles } from '../test/scratch.ts';
import { scriptedRegistry } from '../test/scripted-registry.ts';
import { type AssembledImage, assemble } from './assemble.ts';
import { DigestMismatch, InvalidLayout, InvalidReference, TagIsImmutable } from './errors.ts';
import { blobFile } from './layout/layout.ts';
import { push } from './push.ts';
import { Registry } from './registry/registry.ts';

async function image(
  base?: { reference: string; credential: { username: string; password: string } },
  model = 'weights',
): Promise<AssembledImage> {
  const folder = await scratch();
  await writeFiles(folder, { 'app/index.mjs': 'export {}', 'model/model.onnx': model });
  return await assemble({
    ...(base ? { base } : {}),
    platform: 'linux/amd64',
    layers: ['app', 'model'].map((name) => ({ name, from: join(folder, name), to: `/var/task/${name}` })),
    config: { command: ['index.handler'] },
    output: join(folder, 'image'),
  });
}

describe.skipIf(!has('docker-registry'))('push (needs docker-registry)', () => {
  let server: RunningRegistry;
  const target = (repository: string, tag?: string) => ({ ...server, repository, tag });
  beforeAll(async () => {
    server = await startDockerRegistry();
    await putBase(new Registry(server), 'base', '1');
  });
  afterAll(() => server?.close());

  it('uploads once, then nothing, then only the layer that changed', async () => {
    const first = await image();
    const result = await push({ layout: first.layout, ...target('app', 'v1') });
    expect(result).toMatchObject({
      digest: first.digest,
      reference: `${server.registry}/app@${first.digest}`,
      unchanged: false,
      uploadedBlobs: 3,
      skippedBlobs: 0,
    });
    expect(await push({ layout: first.layout, ...target('app', 'v1') })).toMatchObject({
      unchanged: true,
      uploadedBytes: 0,
      uploadedBlobs: 0,
      skippedBlobs: 3,
    });
    expect(await push({ layout: first.layout, ...target('app', 'v1-again') })).toMatchObject({
      unchanged: false,
      uploadedBlobs: 0,
      skippedBlobs: 3,
    });
    const second = await image(undefined, 'new weights');
    expect(await push({ layout: second.layout, ...target('app', 'v2') })).toMatchObject({
      uploadedBlobs: 2,
      skippedBlobs: 1,
    });
    expect(await push({ layout: second.layout, ...target('app') })).toMatchObject({
      digest: second.digest,
      unchanged: true,
    });
  });

  it.skipIf(!has('skopeo'))('is pulled by skopeo with every digest intact (needs skopeo)', async () => {
    const { layout, digest, layers } = await image({ ...server, reference: `${server.registry}/base:1` });
    await push({ layout, ...target('pulled', 'v1') });
    const login = ['--creds', `${server.credential.username}:${server.credential.password}`];
    const seen = JSON.parse(
      run('skopeo', ['inspect', '--tls-verify=false', ...login, `docker://${server.registry}/pulled:v1`]),
    );
    expect(seen).toMatchObject({
      Digest: digest,
      Layers: layers.map((layer) => layer.digest),
      Architecture: 'amd64',
    });
    const copy = join(await scratch(), 'copy');
    run('skopeo', [
      'copy',
      '--preserve-digests',
      '--src-tls-verify=false',
      '--src-creds',
      login[1]!,
      `docker://${server.registry}/pulled@${digest}`,
      `oci:${copy}:v1`,
    ]);
    expect(run('skopeo', ['inspect', '--raw', `oci:${copy}:v1`])).toBe(
      run('cat', [blobFile(layout, digest)]),
    );
  });

  it("mounts the base's layers from the same registry", async () => {
    const { layout } = await image({ ...server, reference: `${server.registry}/base:1` });
    expect(await push({ layout, ...target('mounted', 'v1') })).toMatchObject({
      mountedBlobs: 1,
      uploadedBlobs: 3,
    });
  });

  it("streams the base's layers from another registry", async () => {
    const other = await startDockerRegistry();
    const { layout } = await image({ ...server, reference: `${server.registry}/base:1` });
    const lines: string[] = [];
    const result = await push({
      layout,
      registry: other.registry,
      credential: other.credential,
      repository: 'app',
      tag: 'v1',
      baseCredential: async () => server.credential,
      log: (line) => lines.push(line),
    });
    expect(result).toMatchObject({ mountedBlobs: 0, uploadedBlobs: 4 });
    expect(lines.filter((line) => line.includes('streamed from the base'))).toHaveLength(1);
    await other.close();
  });

  it('refuses a layout that is damaged before it asks anyone, or while it sends', async () => {
    const { layout, layers, digest } = await image(undefined, 'x'.repeat(1000));
    const nobody = { registry: '127.0.0.1:9', repository: 'app' };
    const blob = blobFile(layout, layers[0]!.digest);
    const original = run('base64', [blob]);
    writeFileSync(blob, Buffer.alloc(layers[0]!.size));
    await expect(push({ layout, ...target('damaged', 'v1') })).rejects.toThrow(DigestMismatch);
    const registry = new Registry(server);
    expect(await registry.headManifest('damaged', 'v1')).toBeUndefined();
    truncateSync(blob, 1);
    await expect(push({ layout, ...nobody })).rejects.toThrow(/incomplete/);
    rmSync(blob);
    await expect(push({ layout, ...nobody })).rejects.toThrow(/missing/);
    writeFileSync(blob, Buffer.from(original, 'base64'));
    writeFileSync(blobFile(layout, digest), '{}');
    await expect(push({ layout, ...nobody })).rejects.toThrow(/does not hold what its name says/);
    rmSync(join(layout, 'index.json'));
    await expect(push({ layout, ...nobody })).rejects.toThrow(InvalidLayout);
    await expect(push({ layout: join(layout, 'none'), ...nobody })).rejects.toThrow(/Build the image first/);
  });
});

describe('push to a registry that misbehaves', () => {
  const accepting = (manifest: (method: string) => { status: number; body?: string }) =>
    scriptedRegistry(({ line }, response) => {
      const [method = '', path = ''] = line.split(' ');
      if (path.includes('/manifests/')) {
        const { status, body } = manifest(method);
        return response.writeHead(status).end(body);
      }
      if (method === 'POST') return response.writeHead(202, { location: path }).end();
      return response.writeHead(method === 'PUT' ? 201 : 404).end();
    });

  it('sends the manifest last and believes only what it gets back', async () => {
    const { layout } = await image();
    const server = await accepting(
      (method) =>
        ({ GET: { status: 200, body: '{"schemaVersion":2}' }, PUT: { status: 201 } })[method] ?? {
          status: 404,
        },
    );
    await expect(push({ layout, registry: server.registry, repository: 'app', tag: 'v1' })).rejects.toThrow(
      /rewrites manifests/,
    );
    const writes = server.asked.map(({ line }) => line).filter((line) => line.startsWith('PUT'));
    expect(writes.map((line) => line.includes('/manifests/'))).toEqual([false, false, false, true]);
  });

  it('stores no manifest when a blob fails', async () => {
    const { layout } = await image();
    const server = await scriptedRegistry(({ line }, response) =>
      response.writeHead(line.startsWith('POST') ? 403 : 404).end(),
    );
    await expect(push({ layout, registry: server.registry, repository: 'app', tag: 'v1' })).rejects.toThrow(
      /403.*\n.*may push/s,
    );
    expect(server.asked.filter(({ line }) => line.startsWith('PUT'))).toEqual([]);
  });

  it('names the tag that can not move', async () => {
    const { layout } = await image();
    const body = JSON.stringify({
      errors: [
        {
          code: 'TAG_INVALID',
          message:
            "The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.",
        },
      ],
    });
    const server = await accepting((method) => (method === 'PUT' ? { status: 400, body } : { status: 404 }));
    await expect(push({ layout, registry: server.registry, repository: 'app', tag: 'v1' })).rejects.toThrow(
      TagIsImmutable,
    );
  });

  it('checks names before it asks anyone', async () => {
    const { layout } = await image();
    for (const wrong of [{ repository: 'App' }, { repository: '../x' }, { repository: 'app', tag: 'a b' }])
      await expect(push({ layout, registry: '127.0.0.1:9', ...wrong })).rejects.toThrow(InvalidReference);
  });
});
