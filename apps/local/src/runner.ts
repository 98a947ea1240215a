import { mkdirSync } from 'node:fs';
import { delimiter } from 'node:path';
import { StepError, WorkflowError } from './errors.ts';
import { type Contexts, interpolate, isTrue, type JobState } from './expressions.ts';
import { actionProgram, runStep, scriptProgram } from './step-program.ts';
import type { Job, Step } from './workflow.ts';

type Strings = Record<string, string>;

/** Where and as whom a job runs: the checkout, the environment of its processes, and the contexts it may read. */
export interface RunOptions {
  workspace: string;
  temp: string;
  /** The environment that every process starts from; nothing else of this process leaks in. */
  env: Strings;
  github: Strings;
  vars: Strings;
  secrets?: Strings;
  inputs?: Strings;
  /** Third-party actions that have no work to do on this machine, each with the reason. */
  skip: Strings;
  onStep: (event: StepEvent) => void;
  signal?: AbortSignal;
}

/** What happened to a step; `log` has its output with secrets struck out. */
export interface StepEvent {
  step: Step;
  state: 'start' | 'done' | 'skipped' | 'failed';
  reason?: string;
  ms?: number;
  outputs?: Strings;
  log?: string;
}

/** How a job ended: the outputs of each step by its id, and the job summary that the steps wrote. */
export interface JobResult {
  steps: Record<string, Strings>;
  summary: string;
}

/**
 * Runs a job's steps in order the way a GitHub runner would: local actions by spawning their bundle with
 * `INPUT_*`, scripts by bash, outputs and environment passed through files.
 * Throws `StepError` for the first step that fails, after the steps that run `if: failure() || always()`.
 */
export async function runJob(job: Job, options: RunOptions): Promise<JobResult> {
  const state: JobState = { failed: false };
  const contexts = startingContexts(options);
  const fill = (values: Strings) =>
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, interpolate(value, contexts, state)]),
    );

  let env: Strings = {};
  for (const level of job.env) {
    env = { ...env, ...fill(level) };
    contexts.env = env;
  }
  if (!isTrue(job.if, contexts, state))
    throw new WorkflowError(`job ${job.id} is skipped: ${job.if} is false`, 'Set what its `if:` asks for.');

  const process = { ...options.env, ...githubVariables(options) };
  const control = {
    temp: options.temp,
    masks: new Set(Object.values(options.secrets ?? {})),
    signal: options.signal ?? new AbortController().signal,
  };
  mkdirSync(options.temp, { recursive: true });
  const result: JobResult = { steps: {}, summary: '' };
  let path = options.env.PATH ?? '';
  let failure: StepError | undefined;

  for (const step of job.steps) {
    const stepEnv = { ...env, ...fill(step.env) };
    contexts.env = stepEnv;
    const reason = reasonToSkip(step, contexts, state, options.skip);
    if (reason !== undefined) {
      options.onStep({ step, state: 'skipped', reason });
      continue;
    }
    options.onStep({ step, state: 'start' });
    const startedAt = performance.now();
    const program = step.uses
      ? actionProgram(step.uses, fill(step.with), options.workspace)
      : scriptProgram(step, interpolate(step.run!, contexts, state), options.workspace);
    const done = await runStep(
      { ...program, env: { ...process, ...stepEnv, ...program.env, PATH: path } },
      control,
    );
    const ms = performance.now() - startedAt;

    const succeeded = done.code === 0;
    env = { ...env, ...done.env };
    path = [...done.path.reverse(), path].join(delimiter);
    result.summary += done.summary;
    if (step.id) {
      result.steps[step.id] = done.outputs;
      const outcome = succeeded ? 'success' : 'failure';
      const conclusion = step.continueOnError ? 'success' : outcome;
      contexts.steps = {
        ...Object(contexts.steps),
        [step.id]: { outputs: done.outputs, outcome, conclusion },
      };
    }
    options.onStep({ step, state: succeeded ? 'done' : 'failed', ms, outputs: done.outputs, log: done.log });
    if (!succeeded && !step.continueOnError) {
      state.failed = true;
      contexts.job = { status: 'failure' };
      failure ??= new StepError(
        `step '${step.name}' failed with exit code ${done.code}`,
        done.log,
        'Its log is above.',
      );
    }
  }
  if (failure) throw failure;
  return result;
}

function startingContexts(options: RunOptions): Contexts {
  return {
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
}

function githubVariables({ github, workspace, temp }: RunOptions): Strings {
  const variables = Object.entries({ ...github, workspace }).map(([key, value]) => [
    `GITHUB_${key.toUpperCase()}`,
    value,
  ]);
  return { ...Object.fromEntries(variables), GITHUB_ACTIONS: 'true', CI: 'true', RUNNER_TEMP: temp };
}

/** Why a step does nothing here, or `undefined` when it runs; throws for an action that can't be had. */
function reasonToSkip(step: Step, contexts: Contexts, state: JobState, skip: Strings): string | undefined {
  if (!isTrue(step.if, contexts, state))
    return state.failed ? 'an earlier step failed' : `${step.if} is false`;
  if (!step.uses || step.uses.startsWith('./')) return undefined;
  const reason = skip[step.uses.split('@')[0]!];
  if (reason) return reason;
  throw new WorkflowError(
    `step '${step.name}' uses ${step.uses}, which can't be fetched on this machine`,
    'Say in apps/local why it may be skipped, or use a local action.',
  );
}
