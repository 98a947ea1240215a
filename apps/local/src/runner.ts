import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { parseCommand, parseEnvFile, strike } from './commands.ts';
import { StepError, WorkflowError } from './errors.ts';
import { type Contexts, interpolate, isTrue, type JobState } from './expressions.ts';
import type { Job, Step } from './workflow.ts';

/** Where and as whom a job runs: the checkout, the environment of its processes, and the contexts it may read. */
export interface RunOptions {
  workspace: string;
  temp: string;
  /** The environment that every process starts from; nothing else of this process leaks in. */
  env: Record<string, string>;
  github: Record<string, string>;
  vars: Record<string, string>;
  secrets?: Record<string, string>;
  inputs?: Record<string, string>;
  /** Third-party actions that have no work to do on this machine, each with the reason. */
  skip: Record<string, string>;
  onStep: (event: StepEvent) => void;
  signal?: AbortSignal;
}

/** What happened to a step; `log` has its output with secrets struck out. */
export interface StepEvent {
  step: Step;
  state: 'start' | 'done' | 'skipped' | 'failed';
  reason?: string;
  ms?: number;
  outputs?: Record<string, string>;
  log?: string;
}

/** How a job ended: the outputs of each step by its id, and the job summary that the steps wrote. */
export interface JobResult {
  steps: Record<string, Record<string, string>>;
  summary: string;
}

interface Program {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
}

/** The files a step talks to the runner through, each empty at its start. */
function stepFiles(temp: string) {
  const folder = mkdtempSync(join(temp, 'step-'));
  const files = {
    GITHUB_OUTPUT: join(folder, 'output'),
    GITHUB_ENV: join(folder, 'env'),
    GITHUB_PATH: join(folder, 'path'),
    GITHUB_STATE: join(folder, 'state'),
    GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
  };
  for (const file of Object.values(files)) writeFileSync(file, '');
  return { folder, files };
}

/** `action.yml` gives a step the entry to run and the inputs that it did not set itself. */
function actionProgram(step: Step, inputs: Record<string, string>, workspace: string): Program {
  const folder = join(workspace, step.uses!);
  const file = ['action.yml', 'action.yaml'].map((name) => join(folder, name)).find(existsSync);
  if (!file) throw new WorkflowError(`${step.uses} has no action.yml`, `Looked in ${folder}.`);
  const action = parse(readFileSync(file, 'utf8'));
  if (!/^node\d+$/.test(action?.runs?.using ?? ''))
    throw new WorkflowError(
      `${step.uses} runs using ${action?.runs?.using}`,
      'Only JavaScript actions run here.',
    );
  const env: Record<string, string> = { GITHUB_ACTION_PATH: folder };
  const inputName = (name: string) => `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`;
  for (const [name, input] of Object.entries<{ default?: unknown } | null>(action.inputs ?? {}))
    env[inputName(name)] = input?.default === undefined ? '' : String(input.default);
  for (const [name, value] of Object.entries(inputs)) env[inputName(name)] = value;
  return { command: process.execPath, args: [join(folder, action.runs.main)], cwd: workspace, env };
}

/** The shell as GitHub starts it: `bash -e`, and with pipefail when the step asks for bash by name. */
function scriptProgram(step: Step, script: string, folder: string, workspace: string): Program {
  if (step.shell !== undefined && step.shell !== 'bash')
    throw new WorkflowError(`step '${step.name}' asks for shell ${step.shell}`, 'Only bash runs here.');
  const file = join(folder, 'script.sh');
  writeFileSync(file, script);
  return {
    command: 'bash',
    args: step.shell ? ['--noprofile', '--norc', '-eo', 'pipefail', file] : ['-e', file],
    cwd: join(workspace, step.workingDirectory ?? '.'),
    env: {},
  };
}

/** Runs a program to its end; its output is kept, masks that it registers are added to `masks`. */
function execute(program: Program, masks: Set<string>, signal?: AbortSignal) {
  return new Promise<{ code: number | null; lines: string[] }>((resolve, reject) => {
    const child = spawn(program.command, program.args, {
      cwd: program.cwd,
      env: program.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal ? { signal } : {}),
    });
    const lines: string[] = [];
    const read = (line: string) => {
      const command = parseCommand(line);
      if (command?.name === 'add-mask') masks.add(command.text);
      else if (command?.name !== 'debug')
        lines.push(command && command.text !== '' ? `${command.name}: ${command.text}` : line);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', read);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, lines }));
  });
}

/**
 * Runs a job's steps in order the way a GitHub runner would: local actions by spawning their bundle with
 * `INPUT_*`, scripts by bash, outputs and environment passed through files.
 * Throws `StepError` for the first step that fails, after the steps that run `if: failure() || always()`.
 */
export async function runJob(job: Job, options: RunOptions): Promise<JobResult> {
  const state: JobState = { failed: false };
  const masks = new Set(Object.values(options.secrets ?? {}));
  const contexts: Contexts = {
    github: { ...options.github, workspace: options.workspace },
    vars: options.vars,
    secrets: options.secrets ?? {},
    inputs: options.inputs ?? {},
    env: {},
    steps: {},
    job: { status: 'success' },
    runner: { os: 'Linux', temp: options.temp },
    needs: {},
    matrix: {},
    strategy: {},
  };
  const fill = (values: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, interpolate(value, contexts, state)]),
    );

  let env: Record<string, string> = {};
  for (const level of job.env) {
    env = { ...env, ...fill(level) };
    contexts.env = env;
  }
  if (!isTrue(job.if, contexts, state))
    throw new WorkflowError(`job ${job.id} is skipped: ${job.if} is false`, 'Set what its `if:` asks for.');

  const githubEnv = Object.fromEntries(
    Object.entries({ ...options.github, workspace: options.workspace }).map(([key, value]) => [
      `GITHUB_${key.toUpperCase()}`,
      value,
    ]),
  );
  const outputs: Record<string, Record<string, string>> = {};
  const results: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }> =
    {};
  const addedPath: string[] = [];
  let summary = '';
  let failure: StepError | undefined;
  mkdirSync(options.temp, { recursive: true });

  for (const step of job.steps) {
    const stepEnv = { ...env, ...fill(step.env) };
    contexts.env = stepEnv;
    contexts.steps = results;
    if (!isTrue(step.if, contexts, state)) {
      const reason = state.failed ? 'an earlier step failed' : `${step.if} is false`;
      options.onStep({ step, state: 'skipped', reason });
      continue;
    }
    if (step.uses && !step.uses.startsWith('./')) {
      const reason = options.skip[step.uses.split('@')[0]!];
      if (!reason)
        throw new WorkflowError(
          `step '${step.name}' uses ${step.uses}, which can't be fetched on this machine`,
          'Say in apps/local why it may be skipped, or use a local action.',
        );
      options.onStep({ step, state: 'skipped', reason });
      continue;
    }
    options.onStep({ step, state: 'start' });
    const startedAt = performance.now();
    const { folder, files } = stepFiles(options.temp);
    const program = step.uses
      ? actionProgram(step, fill(step.with), options.workspace)
      : scriptProgram(step, interpolate(step.run!, contexts, state), folder, options.workspace);
    const base = { ...options.env, ...githubEnv, ...files, ...stepEnv, ...program.env };
    const path = [...addedPath, options.env.PATH].join(':');
    const { code, lines } = await execute(
      { ...program, env: { ...base, PATH: path } },
      masks,
      options.signal,
    );

    const ms = performance.now() - startedAt;
    const log = strike(lines.join('\n'), masks);
    const own = parseEnvFile(readFileSync(files.GITHUB_OUTPUT, 'utf8'));
    env = { ...env, ...parseEnvFile(readFileSync(files.GITHUB_ENV, 'utf8')) };
    addedPath.unshift(...readFileSync(files.GITHUB_PATH, 'utf8').split('\n').filter(Boolean));
    summary += strike(readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'), masks);
    rmSync(folder, { recursive: true, force: true });

    const outcome = code === 0 ? 'success' : 'failure';
    if (step.id) {
      outputs[step.id] = own;
      results[step.id] = { outputs: own, outcome, conclusion: step.continueOnError ? 'success' : outcome };
    }
    options.onStep({ step, state: code === 0 ? 'done' : 'failed', ms, outputs: own, log });
    if (code !== 0 && !step.continueOnError) {
      state.failed = true;
      contexts.job = { status: 'failure' };
      failure ??= new StepError(
        `step '${step.name}' failed with exit code ${code}`,
        log,
        'Its log is above.',
      );
    }
  }
  if (failure) throw failure;
  return { steps: outputs, summary };
}
