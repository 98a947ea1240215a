import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRegistry, startDockerRegistry } from '../test/docker-registry.ts';
import { putBase } from '../test/images.ts';
import { has } from '../test/programs.ts';
import { scratch, writeFiles } from '../test/scratch.ts';
import { build } from './cli/build.ts';
import { diffVerb } from './cli/diff.ts';
import { inspect } from './cli/inspect.ts';
import { lockVerb } from './cli/lock.ts';
import { pushVerb } from './cli/push.ts';
import { Registry } from './registry/registry.ts';

const program = join(import.meta.dirname, 'cli.ts');

async function image(
  cwd: string,
  ...args: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  return await new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd,
      env: { ...process.env, HOME: cwd, DOCKER_CONFIG: cwd },
    });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk) => out.push(String(chunk)));
    child.stderr.on('data', (chunk) => err.push(String(chunk)));
    child.on('close', (code) => resolve({ code, out: out.join(''), err: err.join('') }));
  });
}

async function project(): Promise<string> {
  const folder = await scratch();
  await writeFiles(folder, { 'app/index.mjs': 'export {}', 'model/m': 'weights' });
  return folder;
}
const layers = [
  '--layer',
  'app=app:/var/task',
  '--layer',
  'model=model:/var/task/model',
  '--command',
  'index.handler',
];

describe('pnpm image', () => {
  it('builds, lints, inspects and compares', async () => {
    const folder = await project();
    const built = await image(folder, 'build', ...layers, '--label', 'a=b=c');
    expect(built).toMatchObject({ code: 0, err: '' });
    const digest = built.out.match(/^sha256:[0-9a-f]{64}/)?.[0];
    expect((await image(folder, 'lint', '--architecture', 'x86_64')).out).toBe(
      `${digest} is fit for Lambda\n`,
    );
    expect(await image(folder, 'lint', '--architecture', 'arm64')).toMatchObject({
      code: 1,
      out: expect.stringContaining(
        'The image is for amd64, the function for arm64. [platform]\n  Build with platform linux/arm64',
      ),
    });
    const inspected = await image(folder, 'inspect');
    expect(inspected.out).toContain(`digest     ${digest}`);
    expect(inspected.out).toMatch(/a {10}b=c\napp {8}sha256:[0-9a-f]{64}\s+\d+\.\d kB\nmodel/);
    writeFileSync(join(folder, 'app/index.mjs'), 'export const changed = 1;');
    await image(folder, 'build', ...layers, '--output', 'second');
    const compared = await image(folder, 'diff', '.mainline/image', 'second');
    expect(compared.out).toMatch(
      /^1 layers .* are the same\nlayer {2}~ app .*\nfile {3}~ var\/task\/index\.mjs {2}0\.0 kB → 0\.0 kB\nconfig - label a=b=c\n$/,
    );
    expect((await image(folder, 'diff', 'second', 'second')).out).toMatch(/^Both are sha256/);
  });

  it('answers what it does not know with how it is used', async () => {
    expect(await image('/', 'bild')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^There is no verb bild\.\n\npnpm image <verb>/),
    });
    expect(await image('/')).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('pnpm image <verb>'),
    });
  });

  it('ends with one clear error and no stack', async () => {
    const { code, out, err } = await image(await project(), 'build', ...layers, '--bse', 'x');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Unknown option '--bse'[^\n]*\n$/);
  });

  it.each<[(args: string[]) => Promise<void>, string[], RegExp]>([
    [build, ['--command', 'x'], /at least one --layer/],
    [build, ['--layer', 'app'], /--layer app is not NAME=FOLDER:\/PATH/],
    [build, [...layers, '--label', '=x'], /"=x" is not NAME=VALUE/],
    [build, [...layers, '--platform', 'amd64'], /no platform/],
    [build, ['--layer', 'a=missing:/x'], /there is no folder missing/],
    [inspect, ['./nowhere'], /no OCI image layout.*\n.*Build the image first/],
    [inspect, ['a', 'b'], /inspect takes 0 to 1 names, not 2/],
    [diffVerb, ['./x'], /diff takes 2 names/],
    [pushVerb, [], /push takes 1 names/],
    [pushVerb, ['UPPER'], /is not an image reference/],
    [lockVerb, ['a b'], /is not an image reference/],
  ])('refuses wrong arguments: %o %j', async (verb, args, message) => {
    await expect(verb(args)).rejects.toThrow(message);
  });

  describe.skipIf(!has('docker-registry'))('with a registry (needs docker-registry)', () => {
    let server: RunningRegistry;
    beforeAll(async () => {
      server = await startDockerRegistry();
      await putBase(new Registry(server), 'base', '1');
    });
    afterAll(() => server?.close());

    it("pushes over a base and pulls back with Docker's login", async () => {
      const folder = await project();
      const denied = await image(folder, 'build', ...layers, '--base', `${server.registry}/base:1`);
      expect(denied).toMatchObject({ code: 1, err: expect.stringContaining('401 UNAUTHORIZED') });
      const auth = Buffer.from(`${server.credential.username}:${server.credential.password}`).toString(
        'base64',
      );
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [server.registry]: { auth } } }));
      expect(await image(folder, 'build', ...layers, '--base', `${server.registry}/base:1`)).toMatchObject({
        code: 0,
      });
      const pushed = await image(folder, 'push', `${server.registry}/cli:v1`);
      expect(pushed).toMatchObject({ code: 0, err: '' });
      const reference = pushed.out.match(/^127.*@(sha256:[0-9a-f]{64})/m);
      expect(await image(folder, 'lint', reference![0])).toMatchObject({
        code: 1,
        out: expect.stringContaining('Parent directories are missing for etc/base'),
      });
      expect((await image(folder, 'pull', `${server.registry}/cli:v1`, '--output', 'pulled')).out).toContain(
        reference![1],
      );
      expect((await image(folder, 'diff', 'pulled', `${server.registry}/cli:v1`)).out).toBe(
        `Both are ${reference![1]}\n`,
      );
      expect(readFileSync(join(folder, 'pulled/oci-layout'), 'utf8')).toContain('1.0.0');
      expect((await image(folder, 'lock', `${server.registry}/base:1`)).out).toMatch(/new → sha256/);
      expect((await image(folder, 'lock')).out).toMatch(/base:1 {2}unchanged/);
    });
  });
});
