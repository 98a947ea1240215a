import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkOut, commit, git, snapshot } from './checkout.ts';
import { trainedStamp } from './trained.ts';

let root: string;
let home: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'trained-'));
  home = join(root, '.mainline');
  execFileSync('git', ['init', '-q', '-b', 'main', root]);
  const packages = ['training', 'onnx-graph', 'classifier'].map((name) => `packages/${name}/src/a.ts`);
  for (const name of ['.gitignore', 'pnpm-lock.yaml', 'models/spam/params.yaml', ...packages]) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '.mainline\n/models/*/model\n');
  }
  git(root, ['add', '.']);
  git(root, ['commit', '-q', '-m', 'first']);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What a run of the demo does around training, returning whether it trained and the commit it made. */
function run() {
  const checkout = checkOut(root, join(home, 'checkout'), snapshot(root));
  const stamp = trainedStamp(home, checkout, 'spam');
  const folder = join(checkout.dir, 'models/spam');
  const trained = !stamp.isCurrent();
  if (trained) {
    stamp.clear();
    mkdirSync(join(folder, 'model'), { recursive: true });
    writeFileSync(join(folder, 'model/manifest.json'), '{}');
    writeFileSync(join(folder, 'metrics.json'), '{"accuracy":1}');
    stamp.set();
  } else stamp.restoreMetrics();
  return { trained, sha: commit(checkout, ['models/spam'], 'Deploy spam') };
}

it('trains once, and an unchanged tree gives the same commit, metrics included', () => {
  const first = run();
  expect(first.trained).toBe(true);
  expect(run()).toEqual({ trained: false, sha: first.sha });
  expect(git(join(home, 'checkout'), ['show', 'HEAD:models/spam/metrics.json'])).toBe('{"accuracy":1}');
});

it('trains again when a parameter or the code changes, not when a document does', () => {
  run();
  writeFileSync(join(root, 'README.md'), 'x');
  git(root, ['add', '.']);
  expect(run().trained).toBe(false);
  for (const name of ['models/spam/params.yaml', 'packages/onnx-graph/src/a.ts']) {
    writeFileSync(join(root, name), `${readFileSync(join(root, name), 'utf8')}edited\n`);
    expect(run().trained, name).toBe(true);
  }
});
