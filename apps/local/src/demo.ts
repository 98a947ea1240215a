import { mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { deploy } from './deploy.ts';
import { DemoError } from './errors.ts';
import { ask, sampleMails } from './live.ts';
import { takeLock } from './lock.ts';
import { cleanEnvironment, runProgram } from './program.ts';
import { commit, prepareScratch, type Scratch } from './scratch.ts';
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
  const { root } = options;
  const home = join(root, '.mainline/demo');
  mkdirSync(home, { recursive: true });
  requireDiskSpace(home);
  const release = takeLock(join(home, 'lock'));
  let aws: LocalAws | undefined;
  try {
    options.onStep('starting');
    const scratch = prepareScratch(root, join(home, 'clone'));
    aws = await startLocalAws({
      port: options.port,
      data: join(home, 'aws'),
      buckets: [bucketOfRemote(root)],
      substitute: hostLibraries(root),
    });
    const env = cleanEnvironment({
      ...aws.env,
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      AWS_EC2_METADATA_DISABLED: 'true',
      npm_config_prefer_offline: 'true',
    });
    await pipeline(options, home, scratch, aws, env);
  } finally {
    await aws?.close();
    release();
  }
}

async function pipeline(
  options: DemoOptions,
  home: string,
  scratch: Scratch,
  aws: LocalAws,
  env: Record<string, string>,
) {
  const { root, model, signal } = options;
  const total = 5;
  let count = 0;
  const times: string[] = [];
  const step = async <T>(title: string, about: string, work: () => Promise<T>): Promise<T> => {
    count++;
    options.onStep(`step ${count} (${title})`);
    say(`\n${style.bold(`${count}/${total} ${title}`)} ${style.dim(about)}`, 0);
    const startedAt = performance.now();
    const result = await work();
    const took = duration(performance.now() - startedAt);
    times.push(`${title} ${took}`);
    say(`${style.green('✓')} ${took}`);
    return result;
  };
  const tool = (file: string, args: string[], onLine?: (line: string) => void) =>
    runProgram(join(root, file), args, { cwd: scratch.dir, env, signal, ...(onLine ? { onLine } : {}) });
  const bundle = join(scratch.dir, 'models', model, 'model');
  const trained = trainedStamp(home, scratch, model);

  await step('train', `models/${model}/params.yaml`, async () => {
    if (trained.isCurrent()) return sayUnchanged(bundle);
    trained.clear();
    await tool('packages/training/src/cli.ts', [
      'train',
      join(scratch.dir, 'models', model),
      '--commit',
      scratch.source,
    ]);
  });

  await step('export', 'ONNX, checked against the training graph', async () => {
    if (trained.isCurrent()) return say('unchanged: the bundle is the one checked before');
    await tool('packages/training/src/cli.ts', [
      'export',
      join(scratch.dir, 'models', model),
      '--commit',
      scratch.source,
    ]);
    trained.set();
  });

  await step('version', 'dvc add, dvc push to the S3 remote', async () => {
    const dvc = (args: string[]) => tool('packages/dvc/src/cli.ts', args, (line) => say(style.dim(line), 4));
    await dvc(['add', `models/${model}/model`, '--file', `dvc/${model}.dvc`]);
    await dvc(['push', `dvc/${model}.dvc`]);
    const sha = commit(
      scratch,
      ['dvc', `models/${model}`],
      `Deploy ${model} ${readManifest(bundle).version}`,
    );
    say(`committed dvc/${model}.dvc as ${sha.slice(0, 12)}, in the scratch clone`);
  });

  const deployed = await step('deploy', '.github/workflows/deploy.yml, job deploy', () =>
    deploy({ home, workspace: scratch.dir, model, aws, env, signal }),
  );

  await step('live', deployed.url, async () => {
    const { url } = deployed;
    const mails = options.exit ? sampleMails : sampleMails.slice(0, 2);
    const { version } = readManifest(bundle);
    for (const mail of mails) {
      const answer = await ask(url, mail);
      if (answer.model.version !== version)
        throw new DemoError(
          `the function serves model ${answer.model.version}, not ${version}`,
          'Delete .mainline/demo and run it again; if it stays so, please report it.',
        );
      const subject = mail.split('\n')[0]!;
      say(
        `${answer.label.padEnd(5)} ${answer.score.toFixed(4)}  ${style.dim(duration(answer.ms).padStart(7))}  ${subject}`,
        4,
      );
    }
    say(`page  ${style.cyan(url)}`);
    say(
      `try   curl -s ${url}predict -H 'content-type: application/json' -d '{"text":"You won! Click here"}'`,
    );
  });

  say(`\n${times.join(' · ')}`);
  say(style.dim(`image ${deployed.image}`));
  say(style.dim(`job summary and logs: ${home}`));
  if (options.exit) return;
  say(`\nLive until Ctrl-C. Change models/${model}/params.yaml or the code and run it again.`);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function sayUnchanged(bundle: string): void {
  const { metrics, version } = readManifest(bundle);
  const figures = (row: { accuracy: number; mcc: number }) =>
    `accuracy ${row.accuracy.toFixed(4)}, MCC ${row.mcc.toFixed(4)}`;
  say(`unchanged: model ${version}, held-out ${figures(metrics)} (baseline ${figures(metrics.baseline)})`);
}

function readManifest(bundle: string) {
  return JSON.parse(readFileSync(join(bundle, 'manifest.json'), 'utf8'));
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
