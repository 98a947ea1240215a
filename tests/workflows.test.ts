import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '..');
const workflows = globSync('.github/workflows/*.yml', { cwd: root });
const actions = globSync('.github/actions/*/action.yml', { cwd: root });

/** GitHub's own parser; it must be bundled because it imports JSON without an attribute. */
let parser: typeof import('@actions/workflow-parser');
const folder = mkdtempSync(join(tmpdir(), 'workflow-parser-'));
beforeAll(async () => {
  const outfile = join(folder, 'parser.mjs');
  const entry = import.meta.resolve('@actions/workflow-parser').replace('file://', '');
  await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    logLevel: 'error',
  });
  parser = await import(pathToFileURL(outfile).href);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (file: string) => parse(readFileSync(join(root, file), 'utf8'));
const silent = { error: () => {}, info: () => {}, verbose: () => {} };

describe.each(workflows)('%s', (file) => {
  it('is a workflow that GitHub’s own parser accepts', async () => {
    const content = readFileSync(join(root, file), 'utf8');
    const { context, value } = parser.parseWorkflow({ name: basename(file), content }, silent);
    expect(context.errors.getErrors().map(String)).toEqual([]);
    const template = await parser.convertWorkflowTemplate(context, value!);
    expect(template.errors ?? []).toEqual([]);
  });

  it('pins third-party actions by commit, starts from read permissions, and has a concurrency group', () => {
    const workflow = read(file);
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(workflow.concurrency?.group).toBeTypeOf('string');
    const uses = Object.values<{ steps?: { uses?: string }[] }>(workflow.jobs).flatMap((job) =>
      (job.steps ?? []).map((step) => step.uses).filter((name) => name !== undefined),
    );
    for (const name of uses) expect(name).toMatch(/^(\.\/|[\w.-]+\/[\w./-]+@[0-9a-f]{40}$)/);
  });

  it('gives local actions only inputs that they have', () => {
    for (const job of Object.values<{ steps?: { uses?: string; with?: object }[] }>(read(file).jobs))
      for (const step of job.steps ?? []) {
        if (!step.uses?.startsWith('./')) continue;
        const { inputs, outputs } = read(join(step.uses, 'action.yml'));
        expect(Object.keys(inputs)).toEqual(expect.arrayContaining(Object.keys(step.with ?? {})));
        expect(outputs).toBeDefined();
      }
  });
});

it('there is an action to check, and each ships its bundle', () => {
  expect(actions.length).toBeGreaterThan(0);
  for (const action of actions) {
    const { runs } = read(action);
    expect(runs.using, action).toBe('node24');
    expect(globSync(runs.main, { cwd: join(root, action, '..') }), action).toHaveLength(1);
  }
});
