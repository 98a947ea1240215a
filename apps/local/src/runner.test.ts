import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RunOptions, runJob, type StepEvent } from './runner.ts';
import { readJob } from './workflow.ts';

let workspace: string;
let events: StepEvent[];

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'runner-'));
  events = [];
  const action = join(workspace, 'actions/greet');
  mkdirSync(join(action, 'dist'), { recursive: true });
  writeFileSync(
    join(action, 'action.yml'),
    `name: Greet
inputs:
  who: { description: whom, default: world }
  some-name: { description: has a hyphen }
runs: { using: node24, main: dist/index.js }
`,
  );
  writeFileSync(
    join(action, 'dist/index.js'),
    `const { appendFileSync } = require('node:fs');
     console.log('::add-mask::hunter2');
     console.log('the password is hunter2');
     appendFileSync(process.env.GITHUB_OUTPUT, 'greeting<<E\\nhello ' + process.env.INPUT_WHO + ' ' + process.env['INPUT_SOME-NAME'] + '\\nE\\n');
     appendFileSync(process.env.GITHUB_STEP_SUMMARY, '# Hello hunter2\\n');
     if (process.env.INPUT_WHO === 'nobody') process.exit(3);
    `,
  );
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

async function run(steps: string, options: Partial<RunOptions> = {}) {
  const file = join(workspace, 'workflow.yml');
  writeFileSync(
    file,
    `name: Test\non: push\nenv:\n  WHO: \${{ vars.WHO || 'moon' }}\njobs:\n  go:\n    runs-on: ubuntu-24.04\n    if: vars.ROLE != ''\n    steps:\n${steps.replace(/^/gm, '      ')}`,
  );
  return runJob(readJob(file, 'go'), {
    workspace,
    temp: join(workspace, 'temp'),
    env: { PATH: process.env.PATH! },
    github: { sha: 'abc', repository: 'me/mine' },
    vars: { ROLE: 'role' },
    skip: { 'actions/checkout': 'it is here already' },
    onStep: (event) => events.push(event),
    ...options,
  });
}

it('passes inputs, defaults, outputs, environment and path from step to step, as a runner does', async () => {
  const result = await run(`- uses: actions/checkout@v6
- id: greet
  uses: ./actions/greet
  with: { who: '\${{ env.WHO }}' }
- run: |
    echo "FROM=\${{ steps.greet.outputs.greeting }}" >> "$GITHUB_ENV"
    mkdir bin && printf '#!/bin/sh\\necho tool ran' > bin/tool && chmod +x bin/tool
    echo "$PWD/bin" >> "$GITHUB_PATH"
- id: last
  shell: bash
  run: echo "seen=$FROM by $GITHUB_REPOSITORY, $(tool)" >> "$GITHUB_OUTPUT"
`);
  expect(result.steps.greet).toEqual({ greeting: 'hello moon ' });
  expect(result.steps.last).toEqual({ seen: 'hello moon  by me/mine, tool ran' });
  expect(events.map((event) => event.state)).toEqual(['skipped', ...Array(3).fill(['start', 'done']).flat()]);
  expect(events[0]!.reason).toBe('it is here already');
});

it('strikes what a step masks out of its log and the job summary', async () => {
  const result = await run(`- uses: ./actions/greet\n`);
  expect(events.at(-1)!.log).toBe('the password is ***');
  expect(result.summary).toBe('# Hello ***\n');
});

it('stops at a failing step, still runs always(), and says which step it was', async () => {
  await expect(
    run(`- { name: Greet nobody, uses: ./actions/greet, with: { who: nobody } }
- { name: never, run: echo no }
- { name: cleanup, if: always(), run: echo yes }
`),
  ).rejects.toThrow(/step 'Greet nobody' failed with exit code 3/);
  expect(events.map(({ step, state }) => [step.name, state])).toEqual([
    ['Greet nobody', 'start'],
    ['Greet nobody', 'failed'],
    ['never', 'skipped'],
    ['cleanup', 'start'],
    ['cleanup', 'done'],
  ]);
});

it('fails a script at its first failing command, like bash -e on a runner', async () => {
  await expect(run('- run: |\n    false\n    echo unreachable\n')).rejects.toThrow(/exit code 1/);
  expect(events.at(-1)!.log).toBe('');
});

it('goes on after a step that may fail', async () => {
  await run('- { run: exit 1, continue-on-error: true }\n- { run: echo on }\n');
  expect(events.at(-1)!.state).toBe('done');
});

it.each([
  ['- uses: someone/elses@v1', /someone\/elses@v1, which can't be fetched/],
  ['- { run: dir, shell: pwsh }', /asks for shell pwsh/],
  ['- { run: a, services: {} }', /has `services`, which this runner does not do/],
  ['- { name: empty }', /needs either `uses` or `run`/],
  ['- uses: ./actions/missing', /has no action\.yml/],
])('refuses what it can not run faithfully: %s', async (steps, message) => {
  await expect(run(`${steps}\n`)).rejects.toThrow(message);
});

it('says so when the job itself would be skipped', async () => {
  await expect(run('- run: echo\n', { vars: {} })).rejects.toThrow(
    /job go is skipped: vars.ROLE != '' is false/,
  );
});
