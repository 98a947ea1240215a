import { mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { checkOut, commit, snapshot } from './checkout.ts';
import { deploy, installPackages } from './deploy.ts';
import { DemoError } from './errors.ts';
import { ask, sampleMails } from './live.ts';
import { takeLock } from './lock.ts';
import { cleanEnvironment, runProgram } from './program.ts';
import { createSteps } from './steps.ts';
import { duration, say, style } from './terminal.ts';
import { trainedStamp } from './trained.ts';

/** What to run where; `exit` ends after five questions instead of staying up. */
export interface DemoOptions {
  root: string;
  model: string;
  port: number;
  exit: boolean;
  signal: AbortSignal;
  /** Told which step is running, so that a failure can name it. */
  onStep: (title: string) => void;
}

const freeBytesNeeded = 1.5e9;

/** Runs the pipeline from raw data to a live function, then serves it until `signal` aborts (or asks it and ends). */
export async function demo(options: DemoOptions): Promise<void> {
  const home = join(options.root, '.mainline/demo');
  mkdirSync(home, { recursive: true });
  requireDiskSpace(home);
  const release = takeLock(join(home, 'lock'));
  let aws: LocalAws | undefined;
  try {
    aws = await startLocalAws({
      port: options.port,
      data: join(home, 'aws'),
      buckets: [bucketOfRemote(options.root)],
      substitute: hostLibraries(options.root),
    });
    await pipeline(options, home, aws);
  } finally {
    await aws?.close();
    release();
  }
}

async function pipeline({ root, model, exit, signal, onStep }: DemoOptions, home: string, aws: LocalAws) {
  const env = cleanEnvironment({
    ...aws.env,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    npm_config_prefer_offline: 'true',
  });
  const source = snapshot(root);
  const checkout = checkOut(root, join(home, 'checkout'), source);
  const folder = join(checkout.dir, 'models', model);
  const trained = trainedStamp(home, checkout, model);
  // A runner's own checkout, apart from where the model is trained, as on GitHub: the model has to come from the remote.
  const runner = join(home, 'runner');
  const installed = trained.isCurrent()
    ? undefined
    : installPackages(checkOut(root, runner, source).dir, env, signal);
  const tool = (file: string, args: string[], onLine?: (line: string) => void) =>
    runProgram(join(root, 'packages', file), args, { cwd: checkout.dir, env, signal, onLine });
  const steps = createSteps(5, onStep);

  await steps.run('train', `models/${model}/params.yaml`, async () => {
    if (trained.isCurrent()) return sayUnchanged(readManifest(folder));
    trained.clear();
    await tool('training/src/cli.ts', ['train', folder, '--commit', source]);
  });

  await steps.run('export', 'ONNX, checked against the training graph', async () => {
    if (trained.isCurrent()) {
      trained.restoreMetrics();
      return say('unchanged: the bundle that was checked before');
    }
    await tool('training/src/cli.ts', ['export', folder, '--commit', source]);
    trained.set();
  });
  const { version } = readManifest(folder);

  const sha = await steps.run('version', 'dvc add, dvc push to the S3 remote', async () => {
    const dvc = (args: string[]) =>
      tool('dvc/src/cli.js', args, (line) => line.trim() && say(style.dim(line.trim()), 4));
    await dvc(['add', `models/${model}/model`, '--file', `dvc/${model}.dvc`]);
    await dvc(['push', `dvc/${model}.dvc`]);
    const head = commit(checkout, ['dvc', `models/${model}`], `Deploy ${model} ${version}`);
    say(`commit ${head.slice(0, 12)} moves dvc/${model}.dvc, in a scratch checkout`);
    return head;
  });

  const { url, image } = await steps.run('deploy', '.github/workflows/deploy.yml, job deploy', async () => {
    await installed;
    checkOut(checkout.dir, runner, sha);
    return deploy({ home, workspace: runner, model, aws, env, signal });
  });

  await steps.run('live', url, async () => {
    for (const mail of exit ? sampleMails : sampleMails.slice(0, 2)) {
      const answer = await ask(url, mail);
      if (answer.model.version !== version)
        throw new DemoError(
          `the function serves model ${answer.model.version}, not ${version}`,
          'Delete .mainline/demo and run it again; if it stays so, please report it.',
        );
      const took = style.dim(duration(answer.ms).padStart(7));
      say(`${answer.label.padEnd(5)} ${answer.score.toFixed(4)}  ${took}  ${mail.split('\n')[0]}`, 4);
    }
    say(`page  ${style.cyan(url)}`);
    if (!exit)
      say(`aws   ${style.cyan(`${aws.url}/`)} shows functions, images, buckets, invocations and logs`);
    say(
      `try   curl -s ${url}predict -H 'content-type: application/json' -d '{"text":"You won! Click here"}'`,
    );
  });

  say(`\n${steps.summary()}`);
  say(style.dim(`image ${image}`));
  say(style.dim(`job summary and logs: ${home}`));
  if (exit) return;
  say(`\nLive until Ctrl-C. Change models/${model}/params.yaml or the code and run it again.`);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

interface Metrics {
  accuracy: number;
  mcc: number;
}

function readManifest(folder: string): { version: string; metrics: Metrics & { baseline: Metrics } } {
  return JSON.parse(readFileSync(join(folder, 'model/manifest.json'), 'utf8'));
}

function sayUnchanged({ version, metrics }: ReturnType<typeof readManifest>): void {
  const row = ({ accuracy, mcc }: Metrics) =>
    `accuracy ${(accuracy * 100).toFixed(2)} %, MCC ${mcc.toFixed(3)}`;
  say(`unchanged: model ${version}, held out: ${row(metrics)} (baseline ${row(metrics.baseline)})`);
}

/** The bucket that `.dvc/config` names, so that the local AWS has it. */
function bucketOfRemote(root: string): string {
  const bucket = readFileSync(join(root, '.dvc/config'), 'utf8').match(/url\s*=\s*s3:\/\/([^/\s]+)/)?.[1];
  if (!bucket)
    throw new DemoError('.dvc/config has no s3:// remote', 'The demo pushes to the S3 remote it names.');
  return bucket;
}

/** On a host that can't load the image's Linux library, the worker takes the host's own from the installed package. */
function hostLibraries(root: string): Record<string, string> {
  if (process.platform === 'linux') return {};
  const require = createRequire(join(root, 'packages/classifier/package.json'));
  const folder = join(require.resolve('onnxruntime-node/package.json'), '..');
  return { '/var/task/node_modules/onnxruntime-node': folder };
}

function requireDiskSpace(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < freeBytesNeeded)
    throw new DemoError(
      `${folder} has ${(bavail * bsize * 1e-9).toFixed(1)} GB free, the demo needs ${freeBytesNeeded * 1e-9} GB`,
      'Free some space; deleting .mainline/ gives back what earlier demos took.',
    );
}
