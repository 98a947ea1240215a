import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { WorkflowError } from './errors.ts';

/** One step of a job: either `uses` an action or `run`s a script. Values still hold their `${{ }}`. */
export interface Step {
  name: string;
  id: string | undefined;
  if: string | undefined;
  uses: string | undefined;
  run: string | undefined;
  shell: string | undefined;
  workingDirectory: string | undefined;
  with: Record<string, string>;
  env: Record<string, string>;
  continueOnError: boolean;
}

/** A job of a workflow file, with the environments of the workflow and of the job. */
export interface Job {
  id: string;
  if: string | undefined;
  workflowName: string;
  env: Record<string, string>[];
  steps: Step[];
}

// What is listed here either has no meaning on one machine, or is honoured. Anything else is refused rather
// than ignored: a job that runs here in a way that it would not on GitHub proves nothing.
const jobKeys = ['if', 'runs-on', 'timeout-minutes', 'permissions', 'steps', 'env', 'name', 'concurrency'];
const stepKeys = [
  'name',
  'id',
  'if',
  'uses',
  'run',
  'shell',
  'working-directory',
  'with',
  'env',
  'continue-on-error',
  'timeout-minutes',
];

type Mapping = Record<string, unknown>;

function mapping(value: unknown, where: string): Mapping {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new WorkflowError(`${where} is not a mapping`, 'Mend it in the workflow file.');
  return Object.fromEntries(Object.entries(value));
}

function strings(value: unknown, where: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(mapping(value, where)).map(([key, item]) => [key, item === null ? '' : String(item)]),
  );
}

const text = (value: unknown) => (value === undefined || value === null ? undefined : String(value));

function refuseUnknown(object: Mapping, known: string[], where: string): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown)
    throw new WorkflowError(
      `${where} has \`${unknown}\`, which this runner does not do`,
      `It knows ${known.join(', ')}. Put \`${unknown}\` into another job, or teach apps/local/src/workflow.ts.`,
    );
}

function readStep(value: unknown, where: string): Step {
  const step = mapping(value, where);
  refuseUnknown(step, stepKeys, where);
  const uses = text(step.uses);
  const run = text(step.run);
  if ((uses === undefined) === (run === undefined))
    throw new WorkflowError(`${where} needs either \`uses\` or \`run\``, 'Give it exactly one of the two.');
  return {
    name: text(step.name) ?? uses ?? run!.split('\n')[0]!,
    id: text(step.id),
    if: text(step.if),
    uses,
    run,
    shell: text(step.shell),
    workingDirectory: text(step['working-directory']),
    with: strings(step.with, `${where}.with`),
    env: strings(step.env, `${where}.env`),
    continueOnError: step['continue-on-error'] === true,
  };
}

/** Reads one job of a workflow file; throws `WorkflowError` for what can't be run faithfully on this machine. */
export function readJob(file: string, jobId: string): Job {
  const workflow = mapping(parse(readFileSync(file, 'utf8')), file);
  const jobs = mapping(workflow.jobs, `${file}: jobs`);
  if (!(jobId in jobs))
    throw new WorkflowError(`${file} has no job ${jobId}`, `It has ${Object.keys(jobs).join(', ')}.`);
  const where = `${file}: jobs.${jobId}`;
  const job = mapping(jobs[jobId], where);
  refuseUnknown(job, jobKeys, where);
  const steps = Array.isArray(job.steps) ? job.steps : [];
  return {
    id: jobId,
    if: text(job.if),
    workflowName: text(workflow.name) ?? file,
    env: [strings(workflow.env, `${file}: env`), strings(job.env, `${where}.env`)],
    steps: steps.map((step, index) => readStep(step, `${where}.steps[${index}]`)),
  };
}
