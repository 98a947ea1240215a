import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import { parseCommand, parseEnvFile, strike } from './commands.ts';
import { WorkflowError } from './errors.ts';
import type { Step } from './workflow.ts';

/** The process that does a step's work; `env` is what the step adds to the job's. */
export interface Program {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
}

/** What a step left behind: exit code, log and summary with secrets struck out, and what it wrote to its files. */
export interface StepResult {
  code: number | null;
  log: string;
  outputs: Record<string, string>;
  env: Record<string, string>;
  path: string[];
  summary: string;
}

/** The bundle that `action.yml` names, with the step's inputs and the defaults of those it did not set. */
export function actionProgram(uses: string, inputs: Record<string, string>, workspace: string): Program {
  const folder = join(workspace, uses);
  const file = ['action.yml', 'action.yaml'].map((name) => join(folder, name)).find(existsSync);
  if (!file) throw new WorkflowError(`${uses} has no action.yml`, `Looked in ${folder}.`);
  const action = parse(readFileSync(file, 'utf8'));
  if (!/^node\d+$/.test(action?.runs?.using ?? ''))
    throw new WorkflowError(`${uses} runs using ${action?.runs?.using}`, 'Only JavaScript actions run here.');
  const variable = (name: string) => `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`;
  const env: Record<string, string> = { GITHUB_ACTION_PATH: folder };
  for (const [name, input] of Object.entries<{ default?: unknown } | null>(action.inputs ?? {}))
    env[variable(name)] = input?.default === undefined ? '' : String(input.default);
  for (const [name, value] of Object.entries(inputs)) env[variable(name)] = value;
  return { command: process.execPath, args: [join(folder, action.runs.main)], cwd: workspace, env };
}

/** Bash as GitHub starts it: `-e`, and with pipefail when the step asks for bash by name. */
export function scriptProgram(step: Step, script: string, workspace: string): Program {
  if (step.shell !== undefined && step.shell !== 'bash')
    throw new WorkflowError(`step '${step.name}' asks for shell ${step.shell}`, 'Only bash runs here.');
  const flags = step.shell ? ['--noprofile', '--norc', '-eo', 'pipefail'] : ['-e'];
  return {
    command: 'bash',
    args: [...flags, '-c', script],
    cwd: join(workspace, step.workingDirectory ?? '.'),
    env: {},
  };
}

/** Runs a step's program to its end, talking to it through the files that a runner offers. Adds to `masks`. */
export async function runStep(
  program: Program,
  options: { temp: string; masks: Set<string>; signal: AbortSignal },
): Promise<StepResult> {
  const folder = mkdtempSync(join(options.temp, 'step-'));
  const file = (name: string) => join(folder, name);
  const files = {
    GITHUB_OUTPUT: file('output'),
    GITHUB_ENV: file('env'),
    GITHUB_PATH: file('path'),
    GITHUB_STATE: file('state'),
    GITHUB_STEP_SUMMARY: file('summary'),
  };
  for (const path of Object.values(files)) writeFileSync(path, '');
  const read = (name: keyof typeof files) => readFileSync(files[name], 'utf8');
  try {
    const { code, lines } = await execute({ ...program, env: { ...program.env, ...files } }, options);
    return {
      code,
      log: strike(lines.join('\n'), options.masks),
      outputs: parseEnvFile(read('GITHUB_OUTPUT')),
      env: parseEnvFile(read('GITHUB_ENV')),
      path: read('GITHUB_PATH').split('\n').filter(Boolean),
      summary: strike(read('GITHUB_STEP_SUMMARY'), options.masks),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function execute(program: Program, { masks, signal }: { masks: Set<string>; signal: AbortSignal }) {
  return new Promise<{ code: number | null; lines: string[] }>((resolve, reject) => {
    const { command, args, cwd, env } = program;
    const child = spawn(command, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    const read = (line: string) => {
      const said = parseCommand(line);
      if (said?.name === 'add-mask') masks.add(said.text);
      else if (said?.name !== 'debug')
        lines.push(said && said.text !== '' ? `${said.name}: ${said.text}` : line);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', read);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, lines }));
  });
}
