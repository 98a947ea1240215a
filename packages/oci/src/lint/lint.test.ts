import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildImage } from '../../test/build-image.ts';
import { type RawEntry, writeLayout } from '../../test/write-layout.ts';
import { openImage } from '../image.ts';
import { lint } from './lint.ts';
import { isSecretFile, isSecretName, secretsIn } from './secrets.ts';

const task: RawEntry[] = [
  { path: 'var/', type: 'directory' },
  { path: 'var/task/', type: 'directory' },
].map((entry) => ({ ...entry, path: entry.path.slice(0, -1) }) as RawEntry);
const found = async (layout: string, options = {}) =>
  (await lint(await openImage(layout), options)).map(({ rule, severity, where, problem }) => ({
    rule,
    severity,
    where,
    problem,
  }));

describe('lint', () => {
  it('has nothing to say about an image that assemble built', async () => {
    const { layout } = await buildImage({ app: { 'index.mjs': 'export {}', 'deep/er/x.js': 'x' } });
    expect(await found(layout, { architecture: 'x86_64' })).toEqual([]);
  });

  it('refuses the wrong architecture and other systems', async () => {
    const { layout } = await buildImage({}, { platform: 'linux/arm64' });
    expect(await found(layout, { architecture: 'x86_64' })).toMatchObject([
      { rule: 'platform', problem: 'The image is for arm64, the function for amd64.' },
    ]);
    expect(await found(layout, { architecture: 'arm64' })).toEqual([]);
    const other = await buildImage({}, { platform: 'windows/amd64' });
    expect(await found(other.layout)).toMatchObject([
      { rule: 'platform', problem: 'The image is for windows, Lambda runs linux.' },
    ]);
    const risc = await buildImage({}, { platform: 'linux/riscv64' });
    expect(await found(risc.layout)).toMatchObject([{ rule: 'platform', problem: 'Lambda has no riscv64.' }]);
  });

  it('refuses native code for another machine', async () => {
    const elf = (machine: number) =>
      Buffer.concat([
        Buffer.from('7f454c460201010000000000000000000300', 'hex'),
        Buffer.from([machine, 0]),
        Buffer.alloc(200),
      ]);
    const layout = await writeLayout([
      {
        name: 'runtime',
        entries: [
          ...task,
          { path: 'var/task/a.node', content: elf(183) },
          { path: 'var/task/b.node', content: elf(62) },
          { path: 'var/task/c.so', content: elf(3) },
        ],
      },
    ]);
    expect(await found(layout)).toEqual([
      {
        rule: 'machine',
        severity: 'error',
        where: 'layer runtime',
        problem: 'Native code for another machine: var/task/a.node (arm64), var/task/c.so (machine 3).',
      },
    ]);
  });

  it.each([
    ['application/vnd.oci.image.layer.v1.tar+zstd', 'compressed with zstd'],
    ['application/vnd.oci.image.layer.v1.tar', 'not compressed'],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'foreign'],
    ['application/octet-stream', 'octet-stream'],
  ])('refuses layers of type %s', async (mediaType, word) => {
    const layout = await writeLayout([{ entries: task, mediaType }]);
    const findings = await found(layout);
    expect(findings).toMatchObject([{ rule: 'layer-type' }]);
    expect(findings[0]!.problem).toContain(word);
  });

  it('takes gzip by either name', async () => {
    for (const mediaType of [
      'application/vnd.docker.image.rootfs.diff.tar.gzip',
      'application/vnd.oci.image.layer.v1.tar+gzip',
    ])
      expect(await found(await writeLayout([{ entries: task, mediaType }]))).toEqual([]);
  });

  it('finds files whose parent directories are no entries', async () => {
    const layout = await writeLayout([
      { entries: [{ path: 'var', type: 'directory' }, { path: 'var/task/index.mjs' }, { path: './opt/x' }] },
    ]);
    expect(await found(layout)).toMatchObject([
      { rule: 'parents', where: 'layer 0', problem: expect.stringContaining('var/task/index.mjs, opt/x') },
    ]);
  });

  it('finds a missing command, but leaves images alone that bring their own program', async () => {
    const empty = { Cmd: [] as string[] };
    expect(
      await found(
        await writeLayout([{ entries: task }], { ...empty, Entrypoint: ['/lambda-entrypoint.sh'] }),
      ),
    ).toMatchObject([{ rule: 'command' }]);
    expect(await found(await writeLayout([{ entries: task }], empty))).toMatchObject([{ rule: 'command' }]);
    expect(
      await found(await writeLayout([{ entries: task }], { ...empty, Entrypoint: ['/var/task/bootstrap'] })),
    ).toEqual([]);
  });

  it('finds what only the owner may read, and set-user bits', async () => {
    const layout = await writeLayout([
      {
        entries: [
          ...task,
          { path: 'var/task/mine', mode: 0o600 },
          { path: 'var/task/closed', type: 'directory', mode: 0o750 },
          { path: 'var/task/su', mode: 0o4755 },
          { path: 'var/task/l', type: 'symlink', link: 'mine', mode: 0 },
        ],
      },
    ]);
    expect(await found(layout)).toMatchObject([
      { rule: 'unreadable', problem: expect.stringContaining('var/task/mine, var/task/closed') },
      { rule: 'setuid', problem: expect.stringContaining('var/task/su') },
    ]);
  });

  it('finds whiteouts that hide the app, and no others', async () => {
    const below = {
      name: 'app',
      entries: [...task, { path: 'var/task/index.mjs' }, { path: 'var/cache', type: 'directory' as const }],
    };
    const hide = async (path: string) =>
      (
        await found(
          await writeLayout([below, { entries: [...task, { path: 'opt', type: 'directory' }, { path }] }]),
        )
      ).map(({ rule }) => rule);
    for (const path of [
      'var/task/.wh.index.mjs',
      'var/.wh.task',
      '.wh.var',
      'var/task/.wh..wh..opq',
      '.wh..wh..opq',
    ])
      expect(await hide(path), path).toEqual(['whiteout']);
    for (const path of ['var/.wh.cache', 'opt/.wh.x', 'var/task/.wh.never', 'var/task/index.wh.mjs'])
      expect(await hide(path), path).toEqual([]);
  });

  it('finds entries that lead out or are devices', async () => {
    const layout = await writeLayout([
      {
        entries: [
          { path: '../evil' },
          { path: '/abs' },
          { path: 'null', flag: '3' },
          { path: 'h', type: 'hardlink', link: '../../x' },
        ],
      },
    ]);
    expect(await found(layout)).toMatchObject([
      { rule: 'unsafe', problem: expect.stringContaining('../evil, /abs, null and 1 more') },
    ]);
  });

  it('counts unpacked bytes against the limit', async () => {
    const layout = await writeLayout([
      { entries: [...task, { path: 'var/task/big', content: 'x'.repeat(5000) }] },
    ]);
    expect(await found(layout, { limitBytes: 4999 })).toMatchObject([
      { rule: 'size', problem: 'The image unpacks to at least 5000 bytes, Lambda takes 4999.' },
    ]);
    expect(await found(layout, { limitBytes: 5000 })).toEqual([]);
  });

  it('finds secrets in env, labels, history and files, and never repeats them', async () => {
    const key = 'AKIAQWERTYUIOPASDFGH';
    const pem = `-----BEGIN RSA PRIVATE KEY-----\n${'A'.repeat(64)}\n`;
    const layout = await writeLayout(
      [
        {
          name: 'app',
          entries: [
            ...task,
            { path: 'var/task/.env', content: 'A=1' },
            { path: 'var/task/config.js', content: `key = "${key}"` },
            { path: 'var/task/cert', content: pem },
          ],
        },
      ],
      {
        Env: [
          'AWS_SECRET_ACCESS_KEY=abcdefgh',
          `PLAIN=${key}`,
          'AWS_REGION=eu-west-1',
          'PATH=/bin',
          'DB_PASSWORD=',
        ],
        Labels: { deployed: key },
      },
      {
        history: [
          { created_by: 'ADD' },
          { created_by: 'RUN |1 NPM_TOKEN=hunter2hunter2 npm ci' },
          { created_by: `ENV X=${key}` },
        ],
      },
    );
    const findings = await found(layout);
    expect(findings.map(({ rule, where, problem }) => `${rule}: ${where}: ${problem}`)).toEqual([
      'secret: env: The variable AWS_SECRET_ACCESS_KEY holds a login.',
      'secret: env: The variable PLAIN holds an AWS access key.',
      'reserved-env: env: Lambda sets AWS_REGION itself.',
      'secret: labels: The label deployed holds an AWS access key.',
      'secret: history: Step 2 of the history holds the value of NPM_TOKEN.',
      'secret: history: Step 3 of the history holds an AWS access key.',
      'secret: layer app: var/task/.env is a file of logins, var/task/config.js holds an AWS access key, var/task/cert holds a private key.',
    ]);
    expect(JSON.stringify(findings)).not.toMatch(/AKIA|hunter2|abcdefgh|AAAA/);
  });

  it('judges a layout over a base by what it holds', async () => {
    const layout = await writeLayout([{ entries: [{ path: 'a/b' }] }, { entries: task }]);
    const image = await openImage(layout);
    const without = {
      ...image,
      openLayer: async (layer: (typeof image.manifest.layers)[number]) =>
        layer === image.manifest.layers[0] ? undefined : image.openLayer(layer),
    };
    expect(await lint(without)).toEqual([]);
    mkdirSync(join(layout, 'x'));
    renameSync(join(layout, 'x'), join(layout, 'y'));
    expect(await lint(image)).toHaveLength(1);
  });
});

describe('secrets', () => {
  it.each([
    'AKIAQWERTYUIOPASDFGH',
    'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYQQQQQQQKEY',
    `ghp_${'a1B2'.repeat(9)}`,
    `github_pat_${'x'.repeat(70)}`,
    '//packages.example.com/:_authToken=abcdef123456',
    `"-----BEGIN PRIVATE KEY-----\\nMII${'x'.repeat(70)}"`,
    'xoxb-123456789012-abc',
  ])('sees %s', (text) => {
    expect(secretsIn(`x ${text} y`)).toHaveLength(1);
  });

  it.each([
    'AKIAIOSFODNN7EXAMPLE',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'const begin = "-----BEGIN PRIVATE KEY-----"; const end = "-----END PRIVATE KEY-----";',
    '//packages.example.com/:_authToken=${NPM_TOKEN}',
    'sha512-AKIAlower',
    'credentials: { accessKeyId, secretAccessKey }',
  ])('lets %s pass', (text) => {
    expect(secretsIn(text)).toEqual([]);
  });

  it('knows names of variables and files', () => {
    expect(
      ['AWS_SESSION_TOKEN', 'DB_PASSWORD', 'apiKey', 'OPENAI_API_KEY', 'GITHUB_TOKEN'].filter(
        (name) => !isSecretName(name),
      ),
    ).toEqual([]);
    expect(
      ['PATH', 'TOKENIZERS_PARALLELISM', 'AWS_REGION', 'MAX_TOKENS', 'KEYBOARD'].filter(isSecretName),
    ).toEqual([]);
    expect(
      ['.env', 'a/.env.production', 'root/.aws/credentials', 'x/id_ed25519', '.netrc'].filter(
        (path) => !isSecretFile(path),
      ),
    ).toEqual([]);
    expect(
      ['.env.example', 'a/env', 'environment.env.js', 'id_rsa.pub', 'aws/credentials'].filter(isSecretFile),
    ).toEqual([]);
  });
});
