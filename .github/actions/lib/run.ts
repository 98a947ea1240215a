import * as core from '@actions/core';
import type { Action, Job } from './action.ts';
import { annotationOf, describeError, elsewhere } from './errors.ts';
import { type InputSpec, readInputs } from './inputs.ts';
import { failure } from './summary.ts';

/**
 * Runs an action as GitHub's runner expects: reads INPUT_*, sets outputs, writes the job summary, and turns an
 * error into one annotation and exit code 1. Nothing else in this package touches any of these.
 */
export async function run<Spec extends InputSpec, Output extends string>(
  action: Action<Spec, Output>,
): Promise<void> {
  try {
    const inputs = readInputs(action.name, action.inputs, process.env);
    const report = await action.perform(inputs, job());
    for (const name of action.outputs) {
      const value = report.outputs[name];
      if (value !== undefined) core.setOutput(name, value);
    }
    if (report.summary) await summarise(report.summary);
  } catch (error) {
    const message = describeError(error);
    core.error(message, annotationOf(error));
    for (const other of elsewhere(error)) core.error(describeError(other), annotationOf(other));
    if (error instanceof Error && error.stack) core.debug(error.stack);
    process.exitCode = 1;
    await summarise(failure(action.name, message));
  }
}

function job(): Job {
  const env = process.env;
  const run = env.GITHUB_RUN_ID && `${env.GITHUB_REPOSITORY}/actions/runs/${env.GITHUB_RUN_ID}`;
  return {
    log: (line) => core.info(harmless(line)),
    warn: (line, at) => core.warning(line, at?.file ? { file: at.file } : {}),
    mask: core.setSecret,
    github: {
      workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
      apiUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
      ...(env.GITHUB_SHA && { sha: env.GITHUB_SHA }),
      ...(env.GITHUB_REPOSITORY && { repository: env.GITHUB_REPOSITORY }),
      ...(run && { runUrl: `${env.GITHUB_SERVER_URL ?? 'https://github.com'}/${run}` }),
    },
    signal: cancellation(),
  };
}

/** The runner takes lines of a log for commands: a file name with a line feed in it must not give any. */
function harmless(line: string): string {
  return line.replaceAll(/^(\s*):(?=:)/gm, '$1: ').replaceAll('##[', '## [');
}

/** A cancelled job gets SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL: the first is enough to stop in order. */
function cancellation(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(`The job was cancelled (${name}).`)));
  return controller.signal;
}

/** Without a runner there is no summary file, and nothing to do. */
async function summarise(markdown: string): Promise<void> {
  if (process.env.GITHUB_STEP_SUMMARY) await core.summary.addRaw(markdown, true).write();
}
