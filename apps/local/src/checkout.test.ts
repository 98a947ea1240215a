import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkOut, commit, contentKey, git, snapshot } from './checkout.ts';

let folder: string;
let root: string;
let dir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scratch-'));
  root = join(folder, 'user');
  dir = join(folder, 'scratch');
  execFileSync('git', ['init', '-q', '-b', 'main', root]);
  writeFileSync(join(root, '.gitignore'), 'ignored\n');
  writeFileSync(join(root, 'a.txt'), 'one\n');
  git(root, ['add', '.']);
  git(root, ['commit', '-q', '-m', 'first']);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const prepareScratch = (from: string, to: string) => checkOut(from, to, snapshot(from));

it('checks out what the user has now, edits included, and leaves the user’s tree and history alone', () => {
  writeFileSync(join(root, 'a.txt'), 'edited\n');
  const status = git(root, ['status', '--porcelain']);
  const head = git(root, ['rev-parse', 'HEAD']);
  const scratch = prepareScratch(root, dir);
  expect(readFileSync(join(dir, 'a.txt'), 'utf8')).toBe('edited\n');
  expect(scratch.source).not.toBe(head);
  expect(git(root, ['status', '--porcelain'])).toBe(status);
  expect(git(root, ['rev-parse', 'HEAD'])).toBe(head);
  expect(git(root, ['stash', 'list'])).toBe('');
});

it('gives the same commit for the same tree and pointer, so that a second run finds nothing changed', () => {
  const run = () => {
    writeFileSync(join(root, 'a.txt'), 'edited\n');
    const scratch = prepareScratch(root, dir);
    writeFileSync(join(dir, 'pointer'), 'x\n');
    return [contentKey(scratch, ['a.txt']), commit(scratch, ['pointer'], 'Point at the model')];
  };
  expect(run()).toEqual(run());
});

it('keeps what is ignored, drops what is stray, and recovers from a git that was killed', () => {
  prepareScratch(root, dir);
  writeFileSync(join(dir, 'ignored'), 'trained model');
  writeFileSync(join(dir, 'stray'), '');
  writeFileSync(join(dir, '.git/index.lock'), '');
  prepareScratch(root, dir);
  expect(existsSync(join(dir, 'ignored'))).toBe(true);
  expect(existsSync(join(dir, 'stray'))).toBe(false);
});

it('chains: a runner’s checkout gets the commit that only the scratch checkout has', () => {
  const scratch = prepareScratch(root, dir);
  writeFileSync(join(dir, 'pointer'), 'x\n');
  const sha = commit(scratch, ['pointer'], 'Point at the model');
  const runner = join(folder, 'runner');
  checkOut(dir, runner, sha);
  expect(readFileSync(join(runner, 'pointer'), 'utf8')).toBe('x\n');
});

it('works from a shallow clone, as CI makes them', () => {
  writeFileSync(join(root, 'a.txt'), 'two\n');
  git(root, ['commit', '-q', '-am', 'second']);
  const shallow = join(folder, 'shallow');
  execFileSync('git', ['clone', '-q', '--depth', '1', `file://${root}`, shallow]);
  prepareScratch(shallow, dir);
  expect(git(dir, ['log', '--format=%s'])).toBe('second');
});

it('says in plain words that it needs a git checkout', () => {
  expect(() => prepareScratch(folder, dir)).toThrow(/git rev-parse failed/);
});
