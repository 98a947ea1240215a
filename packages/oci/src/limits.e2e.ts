import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildImage } from '../test/build-image.ts';
import { startDockerRegistry } from '../test/docker-registry.ts';
import { has, run } from '../test/programs.ts';
import { scratch } from '../test/scratch.ts';
import { readLayout } from './layout/layout.ts';

const gigabyte = 1024 ** 3;
const limitMb = 150;

describe('a layer of 2 GB', () => {
  const { bavail, bsize } = statfsSync(tmpdir());
  const reason = !has('docker-registry')
    ? 'skipped: needs docker-registry'
    : bavail * bsize < 8 * gigabyte
      ? 'skipped: needs 8 GB of disk'
      : undefined;

  it.skipIf(reason)(
    `is built and pushed in ${limitMb} MB of memory (${reason ?? 'as the actions are shipped: bundled'})`,
    async () => {
      const folder = await scratch();
      mkdirSync(join(folder, 'model'));
      // Half of it noise, as weights are, half of it compressible.
      const file = await open(join(folder, 'model/model.onnx'), 'w');
      for (let written = 0; written < gigabyte; written += 2 ** 26) await file.write(randomBytes(2 ** 26));
      await file.truncate(2 * gigabyte);
      await file.close();
      await build({
        stdin: {
          contents: `import { assemble } from './assemble.ts'; import { push } from './push.ts';
          const [folder, registry] = process.argv.slice(2);
          const layers = [{ name: 'model', from: folder + '/model', to: '/var/task/model' }];
          const { layout } = await assemble({ platform: 'linux/amd64', layers, config: { command: ['x'] }, output: folder + '/image' });
          const { uploadedBytes } = await push({ layout, registry, repository: 'big', tag: 'v1' });
          console.log(JSON.stringify({ uploadedBytes, megabytes: process.resourceUsage().maxRSS / 1024 }));`,
          resolveDir: import.meta.dirname,
        },
        outfile: join(folder, 'program.mjs'),
        bundle: true,
        platform: 'node',
        format: 'esm',
      });
      const server = await startDockerRegistry({ login: false });
      onTestFinished(() => server.close());
      const { uploadedBytes, megabytes } = JSON.parse(
        run(process.execPath, [join(folder, 'program.mjs'), folder, server.registry]),
      );
      expect(uploadedBytes).toBeGreaterThan(gigabyte);
      expect(megabytes).toBeLessThanOrEqual(limitMb);
    },
  );
});

describe('a disk that is full', () => {
  const reason =
    process.platform === 'linux' && process.getuid?.() === 0 ? undefined : 'skipped: needs root to mount one';

  it.skipIf(reason)(
    `is one clear error and leaves the earlier image whole (${reason ?? 'a tmpfs of 2 MB'})`,
    async () => {
      const disk = join(await scratch(), 'disk');
      mkdirSync(disk);
      run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
      onTestFinished(() => void spawnSync('umount', [disk]));
      const output = join(disk, 'image');
      const { digest } = await buildImage({}, { output });
      const model = randomBytes(3_000_000).toString('latin1');
      await expect(buildImage({ model: { m: model } }, { output })).rejects.toThrow(/ENOSPC/);
      expect(readdirSync(disk)).toEqual(['image']);
      expect((await readLayout(output)).descriptor.digest).toBe(digest);
    },
  );
});
