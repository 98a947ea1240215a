import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startLocalAws } from '@mainline/local-aws';

// From "the model's pointer changed" to "the alias moved", by the actions as a runner starts them; a deploy of what is
// live already; and, for the last step alone, the aws CLI commands that people write into their workflows.
const rounds = Number(process.argv[2] ?? 5);
const root = resolve(import.meta.dirname, '../../..');
const updateMs = 150;
const publishMs = 50;
const folder = mkdtempSync(join(tmpdir(), 'bench-deploy-'));
const aws = await startLocalAws({
  data: join(folder, 'aws'),
  buckets: ['models'],
  delays: { updateMs, publishMs },
});
const env = { PATH: process.env.PATH, HOME: folder, ...aws.env };
let commit = '';
const role = 'arn:aws:iam::000000000000:role/spam';

/** Runs a program to its end; this process is the server, so it must not block. */
function run(program: string, args: string[], more: Record<string, string> = {}): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: folder, env: { ...env, ...more } });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk));
    child.on('error', fail);
    child.on('close', (code) => (code === 0 ? done(log) : fail(new Error(`${program} ${args[0]}: ${log}`))));
  });
}

/** Runs an action's bundle; returns its outputs and how long it took. */
async function action(verb: string, inputs: Record<string, string>) {
  const output = join(folder, 'output');
  writeFileSync(output, '');
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const started = performance.now();
  await run(process.execPath, [join(root, '.github/actions', verb, 'dist/index.js')], {
    ...Object.fromEntries(given),
    GITHUB_OUTPUT: output,
    GITHUB_SHA: commit,
  });
  const ms = performance.now() - started;
  const lines = readFileSync(output, 'utf8').matchAll(/^([^\n]+?)<<(\S+)\n([\s\S]*?)\n\2$/gm);
  return { ms, outputs: Object.fromEntries([...lines].map(([, name, , value]) => [name, value ?? ''])) };
}

const dvc = (...args: string[]) => run(process.execPath, [join(root, 'packages/dvc/src/cli.js'), ...args]);

function writeRepository(): void {
  execFileSync('git', ['init', '-q'], { cwd: folder });
  for (const path of ['.dvc', 'app', 'runtime', 'model']) mkdirSync(join(folder, path));
  writeFileSync(
    join(folder, '.dvc/config'),
    '[core]\n    remote = store\n[\'remote "store"\']\n    url = s3://models/dvc\n',
  );
  // As much as onnxruntime's library, and about as compressible.
  writeFileSync(
    join(folder, 'runtime/library.so'),
    Buffer.concat([randomBytes(14 << 20), Buffer.alloc(32 << 20, 1)]),
  );
  writeFileSync(join(folder, 'payload.json'), '{}');
  writeFileSync(
    join(folder, 'app/index.mjs'),
    `import { readFileSync } from 'node:fs';
    const { name, version } = JSON.parse(readFileSync(process.env.LAMBDA_TASK_ROOT + '/model/manifest.json', 'utf8'));
    export const handler = async () => ({
      model: { name, version }, predictions: [{ label: 'ham', score: 0.9, scores: { ham: 0.9, spam: 0.1 } }] });`,
  );
}

/** What a training run would have committed: another model, pushed, and its pointer. Nothing of it stays here. */
async function changeModel(): Promise<void> {
  commit = randomBytes(20).toString('hex');
  mkdirSync(join(folder, 'model'), { recursive: true });
  const golden = { text: 'See you at noon', label: 'ham', scores: { ham: 0.9, spam: 0.1 } };
  const manifest = {
    name: 'spam',
    version: randomBytes(6).toString('hex'),
    metrics: { accuracy: 0.98, mcc: 0.95 },
  };
  writeFileSync(join(folder, 'model/manifest.json'), JSON.stringify(manifest));
  writeFileSync(
    join(folder, 'model/golden.json'),
    JSON.stringify({ schemaVersion: 1, tolerance: 0.001, cases: Array.from({ length: 8 }, () => golden) }),
  );
  writeFileSync(join(folder, 'model/model.onnx'), randomBytes(4 << 20));
  await dvc('add', 'model');
  await dvc('push');
  for (const path of ['model', '.dvc/cache']) rmSync(join(folder, path), { recursive: true, force: true });
}

async function deployModel() {
  const pull = await action('dvc-pull', { targets: 'model.dvc' });
  const build = await action('build-image', {
    base: aws.baseImage,
    runtime: 'runtime',
    app: 'app',
    model: 'model',
  });
  const push = await action('push-ecr', {
    layout: build.outputs.layout ?? '',
    repository: 'spam',
    'create-repository': 'true',
  });
  const image = push.outputs.image ?? '';
  const deploy = await action('deploy-lambda', {
    'function-name': 'spam',
    image,
    golden: 'model/golden.json',
    role,
    'url-auth': 'NONE',
  });
  const ms = { pull: pull.ms, build: build.ms, push: push.ms, deploy: deploy.ms };
  return { image, changed: deploy.outputs.changed, ms, total: pull.ms + build.ms + push.ms + deploy.ms };
}

/** The steps of the usual workflow, without checks, by the aws CLI. */
async function awsCli(image: string): Promise<number> {
  const of = ['--function-name', 'by-cli'];
  const started = performance.now();
  const lambda = (...args: string[]) => run('aws', ['lambda', ...args]);
  await lambda('update-function-code', ...of, '--image-uri', image);
  await lambda('wait', 'function-updated-v2', ...of);
  const { Version } = JSON.parse(await lambda('publish-version', ...of));
  await lambda('wait', 'published-version-active', ...of, '--qualifier', Version);
  await lambda(
    'invoke',
    ...of,
    '--qualifier',
    Version,
    '--payload',
    'fileb://payload.json',
    join(folder, 'answer.json'),
  );
  await lambda('update-alias', ...of, '--name', 'live', '--function-version', Version);
  return performance.now() - started;
}

async function createByCli(image: string): Promise<void> {
  const of = ['--function-name', 'by-cli'];
  await run('aws', [
    'lambda',
    'create-function',
    ...of,
    '--package-type',
    'Image',
    '--code',
    `ImageUri=${image}`,
    '--role',
    role,
  ]);
  await run('aws', ['lambda', 'wait', 'function-active-v2', ...of]);
  await run('aws', ['lambda', 'publish-version', ...of]);
  await run('aws', ['lambda', 'create-alias', ...of, '--name', 'live', '--function-version', '1']);
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const seconds = (values: number[]) => `${(median(values) / 1000).toFixed(2)} s`;
const hasCli = spawnSync('aws', ['--version']).status === 0;

try {
  writeRepository();
  await changeModel();
  const first = await deployModel(); // the function, the base's layer and the runtime's are new this once
  if (hasCli) await createByCli(first.image);
  const changes: Awaited<ReturnType<typeof deployModel>>[] = [];
  const nothings: Awaited<ReturnType<typeof deployModel>>[] = [];
  const clis: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await changeModel();
    rmSync(join(folder, '.mainline'), { recursive: true }); // a fresh runner has no layers from last time
    const changed = await deployModel();
    const nothing = await deployModel();
    if (changed.changed !== 'true' || nothing.changed !== 'false')
      throw new Error('not what was to be measured');
    changes.push(changed);
    nothings.push(nothing);
    if (hasCli) clis.push(await awsCli(changed.image));
  }
  const total = (runs: typeof changes) => runs.map((run) => run.total);
  const step = (runs: typeof changes, name: keyof (typeof first)['ms']) => runs.map((run) => run.ms[name]);
  console.log(
    `Medians of ${rounds} rounds on this machine; local AWS takes ${updateMs + publishMs} ms per deploy for itself.\n`,
  );
  console.log(
    '| from "pointer changed" to "alias moved" | total | dvc-pull | build-image | push-ecr | deploy-lambda |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, runs] of [
    ['another model (4 MiB), fresh runner', changes],
    ['nothing changed', nothings],
  ] as const) {
    const cells = (['pull', 'build', 'push', 'deploy'] as const).map((verb) => seconds(step(runs, verb)));
    console.log(`| ${name} | ${seconds(total(runs))} | ${cells.join(' | ')} |`);
  }
  const deployed = step(changes, 'deploy');
  console.log(
    hasCli
      ? `\ndeploy-lambda (8 golden requests, digest and alias verified): ${seconds(deployed)}; aws CLI (one invoke, nothing checked): ${seconds(clis)} = ${(median(clis) / median(deployed)).toFixed(1)}×`
      : '\nThe aws CLI is not here to compare with.',
  );
} finally {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
}
