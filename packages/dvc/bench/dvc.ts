import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Measured, measure, median } from './measure.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    files: { type: 'string', default: '5000' },
    'large-mib': { type: 'string', default: '1024' },
    only: { type: 'string' },
  },
});
const [rounds, files, largeMiB] = [Number(values.rounds), Number(values.files), Number(values['large-mib'])];
const root = mkdtempSync(join(tmpdir(), 'bench-dvc-'));
const cli = resolve(import.meta.dirname, '../src/cli.js');
let count = 0;

const server = await startServer();
const env: NodeJS.ProcessEnv = { ...process.env, ...server.env, AWS_EC2_METADATA_DISABLED: 'true' };
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

/** More than two copies of either data set take. */
const memoryBytes = Math.max(Number(values['large-mib']), files / 50) * 2.5 * 2 ** 20;

/** Everything about one data set: all programs in turn, each round beginning with another, each into a folder of its own. */
async function bench(name: string, what: string, make: (folder: string) => void): Promise<void> {
  if (values.only && values.only !== name) return;
  const origin = repository(`s3://bench/${name}`);
  mkdirSync(join(origin, 'data'));
  make(join(origin, 'data'));
  const added = await dvc(origin, 'add', 'data');
  const pushed = await dvc(origin, 'push');
  const folder = join(root, `remote-${name}`);
  const filler = repository(folder, origin);
  await dvc(filler, 'pull', '-r', 's3');
  await dvc(filler, 'push', '-r', 'r');

  const bucket = `s3://bench/${name}`;
  const programs: Record<string, () => Promise<Measured>> = {
    'aws s3 cp --recursive': () => aws('s3', 'cp', '--quiet', '--recursive', bucket, fresh()),
    'dvc fetch': () => dvc(repository(bucket, origin), 'fetch'),
    'dvc pull': () => dvc(repository(bucket, origin), 'pull'),
    'dvc pull, hardlinks': () => dvc(repository(bucket, origin, 'hardlink'), 'pull'),
    'cp -r': () => timed('cp', ['-r', folder, fresh()], { cwd: root }),
    'dvc fetch, directory remote': () => dvc(repository(folder, origin), 'fetch'),
    'dvc pull, directory remote': () => dvc(repository(folder, origin), 'pull'),
    'dvc pull, directory remote, hardlinks': () => dvc(repository(folder, origin, 'hardlink'), 'pull'),
    'dvc pull, nothing to do': async () => {
      const repo = repository(folder, origin);
      await dvc(repo, 'pull');
      return dvc(repo, 'pull');
    },
    'node alone': () => timed(process.execPath, ['-e', '0'], { cwd: root }),
    'md5 alone': () => timed('find', [folder, '-type', 'f', '-exec', 'md5sum', '{}', '+'], { cwd: root }),
    ...(name === 'large' ? { 'server alone': loopback } : {}),
  };
  const names = Object.keys(programs);
  const series: Record<string, Measured[]> = Object.fromEntries(names.map((key) => [key, []]));
  for (let round = 0; round < rounds; round++)
    for (let at = 0; at < names.length; at++) {
      const key = names[(at + round * 3) % names.length]!;
      const before = count;
      series[key]!.push(await programs[key]!());
      // Thousands of deleted files would slow down ext4's next creations: only the few large ones go at once.
      for (let place = before + 1; name === 'large' && place <= count; place++)
        rmSync(join(root, `place-${place}`), { recursive: true });
    }

  const base = (key: string): number => median(series[key]!.map(({ wallMs }) => wallMs));
  console.log(`\n${what}: medians of ${rounds}, in turn; load ${loadavg()[0]!.toFixed(1)}\n`);
  console.log(
    '| | wall | against | ratio | processor | peak memory |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const [key, figures] of Object.entries(series)) {
    const peer = key.includes('directory')
      ? 'cp -r'
      : key.includes('nothing')
        ? undefined
        : 'aws s3 cp --recursive';
    const isPeer = key === 'cp -r' || key === peer || key.endsWith(' alone');
    // Each round is compared with itself: what else the machine did then was the same for both.
    const ratio =
      !peer || isPeer
        ? undefined
        : median(figures.map(({ wallMs }, at) => wallMs / series[peer]![at]!.wallMs));
    const cpu = median(figures.map(({ cpuMs }) => cpuMs));
    const peak = Math.max(...figures.map(({ peakMiB }) => peakMiB));
    const cells = [
      key,
      seconds(base(key)),
      isPeer ? '' : (peer ?? ''),
      ratio === undefined ? '' : `${ratio.toFixed(2)}×`,
    ];
    console.log(
      `| ${[...cells, cpu ? seconds(cpu) : '', peak ? `${Math.round(peak)} MiB` : ''].join(' | ')} |`,
    );
  }
  console.log(`\nadd ${seconds(added.wallMs)}, push ${seconds(pushed.wallMs)}`);
}

function fresh(): string {
  return join(root, `place-${++count}`);
}

/** A repository whose remote is `url` (and, as `s3`, the bucket's), with another's pointer. */
function repository(url: string, like?: string, cacheType = 'reflink,copy'): string {
  const dir = fresh();
  mkdirSync(join(dir, '.dvc'), { recursive: true });
  const remotes = `['remote "r"']\n    url = ${url}\n['remote "s3"']\n    url = s3://bench/${url.split(/[/-]/).at(-1)}\n`;
  writeFileSync(
    join(dir, '.dvc', 'config'),
    `[core]\n    remote = r\n    no_scm = true\n[cache]\n    type = "${cacheType}"\n${remotes}`,
  );
  if (like) copyFileSync(join(like, 'data.dvc'), join(dir, 'data.dvc'));
  return dir;
}

function dvc(cwd: string, ...args: string[]): Promise<Measured> {
  return timed(process.execPath, [cli, ...args], { cwd, env });
}

function aws(...args: string[]): Promise<Measured> {
  return timed('aws', args, { cwd: root, env });
}

/**
 * Each program begins on equal terms: what the one before has written is on the disk, and this machine holds memory for
 * what will be written. A virtual one gives back what it does not use, and getting it again takes two seconds a GiB.
 */
function timed(...program: Parameters<typeof measure>): Promise<Measured> {
  spawnSync('sync');
  spawnSync(process.execPath, ['-e', `Buffer.alloc(${memoryBytes}, 1)`]);
  return measure(...program);
}

/** The server's own speed: one object in one stream, thrown away. */
async function loopback(): Promise<Measured> {
  const { S3Client, GetObjectCommand, ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  Object.assign(process.env, server.env);
  const client = new S3Client({ forcePathStyle: true });
  const { Contents = [] } = await client.send(
    new ListObjectsV2Command({ Bucket: 'bench', Prefix: `large/` }),
  );
  const Key = Contents.sort((a, b) => b.Size! - a.Size!)[0]!.Key!;
  const begun = performance.now();
  const { Body } = await client.send(new GetObjectCommand({ Bucket: 'bench', Key }));
  for await (const _ of Body as AsyncIterable<Buffer>);
  client.destroy();
  return { wallMs: performance.now() - begun, cpuMs: 0, peakMiB: 0 };
}

/** Local AWS as a program of its own, as a real server would be. */
async function startServer(): Promise<{ env: Record<string, string>; stop(): void }> {
  const main = createRequire(import.meta.url).resolve('@mainline/local-aws');
  const child = spawn(
    process.execPath,
    [join(dirname(main), 'cli.ts'), '--port', '0', '--data', join(root, 'aws')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  while (!text.includes('Ctrl-C')) text += (await once(child.stdout, 'data'))[0];
  const pairs = [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]);
  return { env: Object.fromEntries(pairs), stop: () => void child.kill('SIGKILL') };
}

try {
  await aws('s3', 'mb', 's3://bench');
  await bench('small', `${files} × 20 KiB`, (folder) => {
    for (let at = 0; at < files; at++) {
      mkdirSync(join(folder, String(at % 50)), { recursive: true });
      writeFileSync(join(folder, String(at % 50), String(at)), randomBytes(20 << 10));
    }
  });
  await bench('large', `1 × ${largeMiB} MiB`, (folder) => {
    const file = openSync(join(folder, 'model.bin'), 'w');
    for (let at = 0; at < largeMiB; at++) writeSync(file, randomBytes(1 << 20));
    closeSync(file);
  });
} finally {
  server.stop();
  rmSync(root, { recursive: true, force: true });
}
