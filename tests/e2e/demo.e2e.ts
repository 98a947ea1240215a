import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const port = '4519';

/** A clean clone and an empty HOME, as a stranger's machine has them; only the download cache of packages is shared. */
let folder: string;
let clone: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'));
  clone = join(folder, 'mainline');
  mkdirSync(join(folder, 'home'));
  execFileSync('git', ['clone', '-q', root, clone]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function demo() {
  const store = execFileSync('npx', ['-y', 'pnpm@10', 'store', 'path'], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  const result = spawnSync('npx', ['-y', 'pnpm@10', 'demo', '--exit', '--port', port], {
    cwd: clone,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      HOME: join(folder, 'home'),
      CI: '1',
      npm_config_store_dir: join(store, '..'),
    },
  });
  return { ...result, text: result.stdout + result.stderr };
}

/** The model's row of the table that training prints: accuracy in percent, MCC. */
const figures = (text: string) =>
  text
    .match(/\(this model\)\s+([\d.]+) %\*?\s+([\d.]+)/)
    ?.slice(1)
    .map(Number);

it('goes from raw mail to a live prediction, twice, and leaves the tree clean', () => {
  const first = demo();
  expect(first.status, first.text).toBe(0);
  const [accuracyPercent, mcc] = figures(first.text) ?? [];
  expect(accuracyPercent, first.text).toBeGreaterThanOrEqual(96.5);
  expect(mcc, first.text).toBeGreaterThanOrEqual(0.91);
  const digest = first.text.match(/@(sha256:[0-9a-f]{64})/)?.[1];
  expect(digest, first.text).toBeDefined();

  const second = demo();
  expect(second.status, second.text).toBe(0);
  expect(second.text).toContain('unchanged');
  expect(second.text).toContain('changed false');
  expect(second.text).toContain(digest);
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('');
});
