import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { scratch, writeFiles } from '../test/scratch.ts';
import { DockerBuildFailed, dockerBuild } from './docker-build.ts';
import { InvalidLayout } from './errors.ts';

/** Runs `docker` from a folder that holds a script of that name, or nothing. */
async function build(script?: string) {
  const folder = await scratch();
  if (script) {
    await writeFiles(folder, { docker: `#!/bin/sh\n${script}\n` });
    chmodSync(join(folder, 'docker'), 0o755);
  }
  const output = join(folder, 'image');
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  vi.stubEnv('TMPDIR', temporary);
  const building = dockerBuild({
    context: folder,
    platform: 'linux/amd64',
    output,
    async run(program, args) {
      const { status, error } = spawnSync(join(folder, program), args);
      if (error) throw error;
      return status ?? 1;
    },
  });
  return { building, output, temporary };
}

// What Docker itself does is in docker.e2e.ts; here is what happens when it does not do it.
describe('dockerBuild', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each<[string, string | undefined, RegExp, new (...args: never[]) => Error]>([
    ['Docker is missing', undefined, /docker does not start.*\n.*builder: native/, DockerBuildFailed],
    ['the build fails', 'exit 3', /docker build ended with exit code 3/, DockerBuildFailed],
    [
      'the save fails',
      'case $1 in buildx) exit 1;; build) echo sha256:x > "$5";; *) exit 4;; esac',
      /docker save ended with exit code 4/,
      DockerBuildFailed,
    ],
    [
      'the archive is none',
      'case $1 in buildx) exit 1;; build) echo sha256:x > "$5";; save) : > "$3";; esac',
      /The layer is 0 bytes long/,
      Error,
    ],
    [
      'nothing was saved',
      'case $1 in buildx) exit 1;; build) echo sha256:x > "$5";; esac',
      /There is no archive/,
      InvalidLayout,
    ],
  ])('says so and leaves nothing when %s', async (_, script, message, kind) => {
    const { building, output, temporary } = await build(script);
    await expect(building).rejects.toThrow(message);
    await expect(building).rejects.toThrow(kind);
    expect(existsSync(output)).toBe(false);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
