import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isAncestor } from './commit-order.ts';
import type { GitHub } from './github-api.ts';

let workspace: string;
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: workspace })
    .toString()
    .trim();
const commit = (message: string) => {
  git('commit', '--allow-empty', '-q', '-m', message);
  return git('rev-parse', 'HEAD');
};
let first: string;
let second: string;
let aside: string;

beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'commit-order-'));
  git('init', '-q', '-b', 'main');
  first = commit('first');
  git('switch', '-q', '-c', 'aside');
  aside = commit('aside');
  git('switch', '-q', 'main');
  second = commit('second');
});
afterAll(() => rmSync(workspace, { recursive: true }));

it('asks git where the checkout reaches back far enough', async () => {
  const here = { workspace, github: undefined };
  expect(await isAncestor(first, second, here)).toBe(true);
  expect(await isAncestor(second, first, here)).toBe(false);
  expect(await isAncestor(aside, second, here)).toBe(false);
});

it('asks GitHub about commits that the checkout has not', async () => {
  const unknown = 'f'.repeat(40);
  const asked: string[] = [];
  const answering = (status: string): GitHub => ({
    async call(_, path) {
      asked.push(path);
      return { status };
    },
  });
  expect(await isAncestor(unknown, second, { workspace, github: answering('behind') })).toBe(true);
  expect(await isAncestor(unknown, second, { workspace, github: answering('ahead') })).toBe(false);
  expect(await isAncestor(unknown, second, { workspace, github: answering('diverged') })).toBe(false);
  expect(asked[0]).toBe(`/compare/${second}...${unknown}`);
});

it('says that it does not know when nobody does', async () => {
  expect(await isAncestor('f'.repeat(40), second, { workspace, github: undefined })).toBeUndefined();
  expect(await isAncestor(first, second, { workspace: tmpdir(), github: undefined })).toBeUndefined();
});
