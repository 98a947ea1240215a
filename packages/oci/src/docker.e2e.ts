import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDockerRegistry } from '../test/docker-registry.ts';
import { type Dockerd, noDocker, startDockerd } from '../test/dockerd.ts';
import { startLocalAws } from '../test/local-aws.ts';
import { has, run } from '../test/programs.ts';
import type { RegistryUnderTest } from '../test/registry-contract.ts';
import { scratch, writeFiles } from '../test/scratch.ts';
import { treeOf } from '../test/tree.ts';
import { type AssembledImage, assemble } from './assemble.ts';
import { dockerBuild } from './docker-build.ts';
import { openImage } from './image.ts';
import { lint } from './lint/lint.ts';
import { pull } from './pull.ts';
import { push } from './push.ts';

const busybox = '/bin/busybox';
const reason =
  noDocker ??
  (existsSync(busybox) ? undefined : 'skipped: needs busybox-static') ??
  (has('docker-registry') ? undefined : 'skipped: needs docker-registry');

/** An image that runs anywhere: busybox and a script. */
async function runnable(
  script: string,
  platform = 'linux/amd64',
): Promise<AssembledImage & { from: string }> {
  const from = await scratch();
  await writeFiles(from, {
    'bin/hello': `#!/bin/busybox sh\n${script}\n`,
    'var/task/grüße.txt': 'ü',
    [`var/task/${'d'.repeat(120)}/${'f'.repeat(200)}`]: 'long',
  });
  await mkdir(join(from, 'tmp'));
  await copyFile(busybox, join(from, 'bin/busybox'));
  for (const name of ['bin/busybox', 'bin/hello']) await chmod(join(from, name), 0o755);
  const image = await assemble({
    platform,
    layers: [{ name: 'app', from, to: '/' }],
    config: { command: ['/bin/hello'], env: { WHO: 'world' }, workingDir: '/var/task' },
    output: join(await scratch(), 'image'),
  });
  return { ...image, from };
}

describe.skipIf(reason)(`Docker (${reason ?? 'real dockerd, docker-registry and local-aws'})`, () => {
  let dockerd: Dockerd;
  let registries: Record<'docker-registry' | 'local-aws', RegistryUnderTest>;
  const started: { close(): Promise<void> }[] = [];
  async function keep<T extends { close(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const running = await starting;
    started.push(running);
    return running;
  }
  beforeAll(async () => {
    dockerd = await keep(startDockerd());
    registries = {
      'docker-registry': await keep(startDockerRegistry()),
      'local-aws': await keep(startLocalAws()),
    };
    for (const { registry, credential } of Object.values(registries))
      dockerd.docker(['login', '-u', credential.username, '-p', credential.password, registry]);
  });
  afterAll(async () => {
    await Promise.all(started.map((running) => running.close()));
  });

  it.each(['docker-registry', 'local-aws'] as const)(
    'pulls from %s what we pushed, and runs it as Lambda would',
    async (name) => {
      const server = registries[name];
      await server.prepare?.('runs');
      const { layout, digest } = await runnable(
        'echo "hello $WHO, $(id -u), $(cat gr*.txt)"; touch /x || echo read-only',
      );
      await push({ ...server, layout, repository: 'runs', tag: 'v1' });
      const reference = `${server.registry}/runs@${digest}`;
      dockerd.docker(['pull', reference]);
      const [seen] = JSON.parse(dockerd.docker(['inspect', reference]));
      expect(seen).toMatchObject({
        Architecture: 'amd64',
        Os: 'linux',
        Created: '1970-01-01T00:00:00Z',
        RepoDigests: expect.arrayContaining([reference]),
      });
      const flags = [
        '--rm',
        '--network=host',
        '--read-only',
        '--tmpfs',
        '/tmp:size=512m,mode=1777',
        '--user',
        '993:990',
        '--memory=128m',
      ];
      expect(dockerd.docker(['run', ...flags, reference])).toBe('hello world, 993, ü\nread-only\n');
      const history = dockerd.docker(['history', '--format', '{{.CreatedBy}}', '--no-trunc', reference]);
      expect(history).toBe('mainline: layer app at /\n');
    },
  );

  it('unpacks our layers to the folder they were made from', async () => {
    const server = registries['docker-registry'];
    const { layout, digest, from } = await runnable('true');
    await push({ ...server, layout, repository: 'exported', tag: 'v1' });
    const reference = `${server.registry}/exported@${digest}`;
    dockerd.docker(['pull', reference]);
    const id = dockerd.docker(['create', reference]).trim();
    const folder = await scratch();
    dockerd.docker(['cp', `${id}:/var/task`, join(folder, 'task')]);
    dockerd.docker(['rm', id]);
    expect(await treeOf(join(folder, 'task'))).toEqual(await treeOf(join(from, 'var/task')));
  });

  it.each(['docker-registry', 'local-aws'] as const)(
    'pushes an image to %s that we pull, lint and build upon',
    async (name) => {
      const server = registries[name];
      await server.prepare?.('from-docker');
      const context = await scratch();
      await copyFile(busybox, join(context, 'busybox'));
      await writeFiles(context, {
        Dockerfile:
          'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "mkdir", "-p", "/var/task/deep"]\nRUN ["/bin/busybox", "touch", "/var/task/deep/file"]\nENV A=1\nCMD ["index.handler"]\n',
      });
      const tag = `${server.registry}/from-docker:v1`;
      dockerd.docker(['build', '--network=host', '-t', tag, context], { DOCKER_BUILDKIT: '1' });
      dockerd.docker(['push', tag]);
      const image = await openImage(tag, { credential: server.credential });
      expect(image.manifest.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
      expect(await lint(image, { architecture: 'x86_64' })).toEqual([]);
      const { layout } = await pull({
        reference: tag,
        credential: server.credential,
        output: join(await scratch(), 'pulled'),
      });
      expect((await openImage(layout)).digest).toBe(image.digest);

      // The same image by three roads: the registry, the pulled layout, the archive of docker save.
      const archive = join(context, 'saved.tar');
      dockerd.docker(['save', '-o', archive, tag]);
      await writeFiles(context, { 'app/index.mjs': 'export {}' });
      const diffIds = [];
      for (const reference of [tag, `oci:${layout}`, `docker-archive:${archive}`]) {
        const over = await assemble({
          base: { reference, credential: server.credential },
          platform: 'linux/amd64',
          layers: [{ name: 'app', from: join(context, 'app'), to: '/var/task' }],
          config: {},
          output: join(context, 'image'),
        });
        const { config } = await openImage(over.layout);
        expect(config.config).toMatchObject({ Cmd: ['index.handler'], Env: expect.arrayContaining(['A=1']) });
        diffIds.push(config.rootfs.diff_ids);
      }
      expect(diffIds[1]).toEqual(diffIds[0]);
      expect(diffIds[2]).toEqual(diffIds[0]);
    },
  );

  it("turns a Dockerfile's image into a layout that is fit for Lambda, with BuildKit and without", async () => {
    const context = await scratch();
    await copyFile(busybox, join(context, 'busybox'));
    await writeFiles(context, {
      'Dockerfile.lambda':
        'FROM scratch\nARG WHO\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "mkdir", "-p", "/var/task"]\nCOPY app /var/task\nENV WHO=$WHO\nCMD ["index.handler"]\n',
      'app/index.mjs': 'export {}',
    });
    for (const DOCKER_BUILDKIT of ['1', '0']) {
      const lines: string[] = [];
      const image = await dockerBuild({
        context,
        dockerfile: join(context, 'Dockerfile.lambda'),
        platform: 'linux/amd64',
        buildArguments: { WHO: 'me' },
        annotations: { 'org.opencontainers.image.revision': 'abc' },
        output: join(context, '..', `${basename(context)}-image`),
        async run(_, args) {
          lines.push(args[0] ?? '');
          if (args[0] === 'buildx') return 1; // Debian's client has none
          // No bridge here: steps run on the host's network.
          dockerd.docker(args[0] === 'build' ? ['build', '--network=host', ...args.slice(1)] : args, {
            DOCKER_BUILDKIT,
          });
          return 0;
        },
      });
      expect(lines).toEqual(['buildx', 'build', 'save']);
      const opened = await openImage(image.layout);
      expect(opened.config.config).toMatchObject({
        Cmd: ['index.handler'],
        Env: expect.arrayContaining(['WHO=me']),
      });
      expect(opened.manifest.annotations).toEqual({ 'org.opencontainers.image.revision': 'abc' });
      expect(await lint(opened)).toEqual([]);
      await rm(image.layout, { recursive: true });
    }
  });

  it('runs an image that was assembled over one of its own, streamed to another registry', async () => {
    const [from, to] = [registries['docker-registry'], registries['local-aws']];
    const below = await runnable('cat /var/task/index.mjs');
    await push({ ...from, layout: below.layout, repository: 'below', tag: 'v1' });
    await to.prepare?.('above');
    const folder = await scratch();
    await writeFiles(folder, { 'app/index.mjs': 'export {}' });
    const image = await assemble({
      base: { reference: `${from.registry}/below:v1`, credential: from.credential },
      platform: 'linux/amd64',
      layers: [{ name: 'app', from: join(folder, 'app'), to: '/var/task' }],
      config: {},
      output: join(folder, 'image'),
    });
    await push({
      ...to,
      baseCredential: async () => from.credential,
      layout: image.layout,
      repository: 'above',
      tag: 'v1',
    });
    const reference = `${to.registry}/above@${image.digest}`;
    dockerd.docker(['pull', reference]);
    expect(dockerd.docker(['run', '--rm', '--network=host', reference])).toBe('export {}');
    if (has('skopeo')) {
      const creds = `${to.credential.username}:${to.credential.password}`;
      const seen = JSON.parse(
        run('skopeo', ['inspect', '--tls-verify=false', '--creds', creds, `docker://${reference}`]),
      );
      expect(seen).toMatchObject({ Digest: image.digest, Layers: image.layers.map((layer) => layer.digest) });
    }
  });
});
