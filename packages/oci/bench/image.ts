import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { assemble } from '../src/assemble.ts';
import { push } from '../src/push.ts';
import { startDockerRegistry } from '../test/docker-registry.ts';
import { noDocker, startDockerd } from '../test/dockerd.ts';
import { changeApp, changeModel, writeContent } from './content.ts';
import { startCountingProxy } from './counting-proxy.ts';

// Build + push of one change, ours and BuildKit's in turn: on a fresh runner (no local state) and warm.
const rounds = Number(process.argv[2] ?? 5);
if (noDocker) {
  console.error(`This compares with BuildKit: ${noDocker}.`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'bench-image-'));
const server = await startDockerRegistry({ login: false });
const proxy = await startCountingProxy(server.registry);
const dockerd = await startDockerd();
const buildkit = { ...dockerd.env, DOCKER_BUILDKIT: '1' };
const program = join(folder, 'build-and-push.mjs');
const tag = `${proxy.registry}/theirs:latest`;

interface Run {
  ms: number;
  up: number;
  down: number;
  uploadedBytes?: number;
  maxRssMb?: number;
}

/** Runs a program to its end. Never blocks: the proxy lives in this process. */
async function run(program: string, args: string[], env = process.env): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = spawn(program, args, { env });
    const chunks: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => chunks.push(String(chunk)));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(chunks.join('')) : reject(new Error(chunks.join('')))));
  });
}

async function timed(work: () => Promise<string | undefined>): Promise<Run> {
  proxy.take();
  const start = performance.now();
  const printed = await work();
  const ms = performance.now() - start;
  return { ms, ...proxy.take(), ...(printed ? JSON.parse(printed) : {}) };
}

const ours = (output: string) =>
  timed(() => run(process.execPath, [program, folder, proxy.registry, output]));
const theirs = () =>
  timed(async () => {
    await run(dockerd.client, ['build', '--network=host', '-t', tag, folder], buildkit);
    await run(dockerd.client, ['push', tag], buildkit);
    return undefined;
  });
const forgetOurs = () => rmSync(join(folder, 'out'), { recursive: true, force: true });
const forgetTheirs = async () => {
  await run(dockerd.client, ['builder', 'prune', '-af'], buildkit);
  await run(dockerd.client, ['system', 'prune', '-af'], buildkit);
};

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const kilobytes = (bytes: number) =>
  bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;

function row(name: string, runs: Run[]): string {
  const of = (key: 'ms' | 'up' | 'down') => median(runs.map((one) => one[key]));
  return `| ${name} | ${Math.round(of('ms'))} | ${kilobytes(of('up'))} | ${kilobytes(of('down'))} |`;
}

try {
  // As the actions are shipped: one bundled file, no types to strip at the start.
  await build({
    entryPoints: [join(import.meta.dirname, 'build-and-push.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
  });
  writeContent(folder);
  writeFileSync(
    join(folder, 'Dockerfile'),
    `FROM ${proxy.registry}/base:1\nCOPY runtime /var/task\nCOPY app /var/task\nCOPY model /var/task/model\nCMD ["index.handler"]\n`,
  );
  writeFileSync(join(folder, '.dockerignore'), 'base\nbase-image\nout\n*.mjs\n');
  const base = await assemble({
    platform: 'linux/amd64',
    layers: [{ name: 'base', from: join(folder, 'base'), to: '/' }],
    config: { command: ['/var/lang/bin/node'] },
    output: join(folder, 'base-image'),
  });
  await push({ layout: base.layout, registry: server.registry, repository: 'base', tag: '1' });
  const output = join(folder, 'out');
  const first = { ours: await ours(output), theirs: await theirs() };

  const fresh: { ours: Run[]; theirs: Run[] } = { ours: [], theirs: [] };
  const warm: { ours: Run[]; theirs: Run[] } = { ours: [], theirs: [] };
  const modelOnly: Run[] = [];
  for (let round = 1; round <= rounds; round++) {
    changeApp(folder, 2 * round);
    forgetOurs();
    await forgetTheirs();
    fresh.ours.push(await ours(output));
    fresh.theirs.push(await theirs());
    changeApp(folder, 2 * round + 1);
    warm.ours.push(await ours(output));
    warm.theirs.push(await theirs());
    changeModel(folder);
    modelOnly.push(await ours(output));
    await theirs();
    console.error(`round ${round} of ${rounds}`);
  }

  const app = median(warm.ours.map((one) => one.uploadedBytes ?? 0));
  const pairwise = (kind: typeof fresh) =>
    median(kind.theirs.map(({ ms }, i) => ms / (kind.ours[i]?.ms ?? ms)));
  console.log(`| code-only change, build + push, median of ${rounds} | ms | bytes up | bytes down |`);
  console.log('|---|--:|--:|--:|');
  console.log(row('ours, fresh runner', fresh.ours));
  console.log(row('BuildKit, fresh runner', fresh.theirs));
  console.log(row('ours, warm', warm.ours));
  console.log(row('BuildKit, warm', warm.theirs));
  console.log(row('ours, model-only change, warm', modelOnly));
  console.log(row('ours, first push ever', [first.ours]));
  console.log(row('BuildKit, first push ever', [first.theirs]));
  console.log();
  console.log(`Fresh runner: ${pairwise(fresh).toFixed(1)} × faster than BuildKit (goal 11).`);
  console.log(`Warm: ${pairwise(warm).toFixed(1)} × faster (goal 2).`);
  console.log(
    `Uploaded for a code change: ${kilobytes(app)} of blobs and manifest; memory ${Math.max(...fresh.ours.map(({ maxRssMb = 0 }) => maxRssMb))} MB.`,
  );
} finally {
  await dockerd.close();
  await proxy.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
