import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalAws } from '@mainline/local-aws';
import { git } from './checkout.ts';
import { DemoError } from './errors.ts';
import { runJob, type StepEvent } from './runner.ts';
import { duration, say, style } from './terminal.ts';
import { readJob } from './workflow.ts';

/** A deploy of the HEAD of `workspace` to the local AWS; logs and the job summary go to `home`. */
export interface DeployOptions {
  home: string;
  workspace: string;
  model: string;
  aws: LocalAws;
  env: Record<string, string>;
  signal: AbortSignal;
}

/** Third-party actions that have nothing to do here. */
const skip = {
  'actions/checkout': 'a fresh checkout of the commit is here already',
  'aws-actions/configure-aws-credentials': 'the local AWS asks for no login to a real cloud',
};

/**
 * Installs in the runner's checkout what the workflow will install, so that its own install finds it in place. Only a
 * head start: where it fails, the workflow's step fails in the same way and says why.
 */
export function installPackages(
  cwd: string,
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<void> {
  const install = ['install', '--frozen-lockfile', '--filter', 'mainline', '--filter', '@mainline/lambda...'];
  return new Promise((resolve) => {
    const options = { cwd, env: { ...env, CI: 'true' }, stdio: 'ignore', signal } as const;
    const child = spawn('npx', ['-y', 'pnpm@10', ...install], options);
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}

/** Runs the job of `.github/workflows/deploy.yml` as a push to main would; returns the function's URL and its image. */
export async function deploy(options: DeployOptions): Promise<{ url: string; image: string }> {
  const { home, workspace, aws } = options;
  const logs: string[] = [];
  const temp = join(home, 'temp');
  rmSync(temp, { recursive: true, force: true });
  try {
    const result = await runJob(readJob(join(workspace, '.github/workflows/deploy.yml'), 'deploy'), {
      workspace,
      temp,
      env: options.env,
      github: pushEvent(workspace),
      vars: {
        MODEL: options.model,
        AWS_ROLE: `arn:aws:iam::${aws.account}:role/deploy`,
        AWS_REGION: aws.region,
        FUNCTION_ROLE: `arn:aws:iam::${aws.account}:role/function`,
        BASE_IMAGE: aws.baseImage,
        // The worker loads the image's own library, so the image is built for this machine's processor.
        PLATFORM: process.platform === 'linux' && process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64',
      },
      skip,
      signal: options.signal,
      onStep: (event) => {
        if (event.state !== 'start')
          logs.push(`### ${event.step.name}: ${event.state}\n${event.log ?? event.reason ?? ''}`);
        sayStep(event);
      },
    });
    writeFileSync(join(home, 'summary.md'), result.summary);
    const url = result.steps.deploy?.url;
    if (!url)
      throw new DemoError(
        'the deploy step gave no url',
        'The workflow asks for one by its `url-auth` input.',
      );
    return { url, image: result.steps.push?.image ?? '' };
  } finally {
    writeFileSync(join(home, 'deploy.log'), `${logs.join('\n\n')}\n`);
  }
}

function pushEvent(workspace: string): Record<string, string> {
  return {
    repository: 'local/mainline',
    repository_owner: 'local',
    sha: git(workspace, ['rev-parse', 'HEAD']),
    ref: 'refs/heads/main',
    ref_name: 'main',
    event_name: 'push',
    server_url: 'https://github.com',
    run_id: '1',
    run_number: '1',
    run_attempt: '1',
    workflow: 'Deploy',
    job: 'deploy',
  };
}

function sayStep({ step, state, reason, ms, outputs }: StepEvent): void {
  if (state === 'start') return;
  const mark = { done: style.green('✓'), failed: style.red('✗'), skipped: style.dim('–') }[state];
  const facts = Object.entries(outputs ?? {})
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name} ${value.replace(/sha256:(.{12}).+/, '$1…').split('\n')[0]}`)
    .filter((fact) => fact.length < 60)
    .join(', ');
  const about =
    state === 'skipped' ? `skipped: ${reason}` : `${duration(ms ?? 0).padStart(7)}  ${style.dim(facts)}`;
  say(`${mark} ${step.name.padEnd(20)} ${about}`, 4);
}
