import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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

/** What a login shell has: neither this repository's programs on PATH nor what pnpm and Vitest set for theirs. */
function strangersEnvironment(): Record<string, string | undefined> {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|pnpm_|VITEST|TURBO_|NODE_ENV|INIT_CWD)/i.test(name),
  );
  const path = process.env.PATH!.split(':').filter((entry) => !entry.includes('node_modules'));
  return { ...Object.fromEntries(own), PATH: path.join(':'), HOME: join(folder, 'home'), CI: '1' };
}

/** Runs the demo to its end, or kills it with no chance to clean up as soon as it prints `killAt`. */
async function demo(args: string[], killAt?: string): Promise<{ status: number | null; text: string }> {
  const store = execFileSync('npx', ['-y', 'pnpm@10', 'store', 'path'], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  const child = spawn('npx', ['-y', 'pnpm@10', 'demo', '--port', port, ...args], {
    cwd: clone,
    detached: true,
    env: { ...strangersEnvironment(), npm_config_store_dir: join(store, '..') },
  });
  let text = '';
  let killed = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (!killAt || killed || !text.includes(killAt)) return;
      killed = true;
      killDemo();
    });
  return new Promise((done) => child.on('close', (status) => done({ status, text })));
}

/** SIGKILL to the demo's own process, found through its lock. */
function killDemo(): void {
  process.kill(Number(readFileSync(join(clone, '.mainline/demo/lock'), 'utf8')), 'SIGKILL');
}

/** The model's row of the table that training prints: accuracy in percent, MCC. */
const figures = (text: string) =>
  text
    .match(/\(this model\)\s+([\d.]+) %\*?\s+([\d.]+)/)
    ?.slice(1)
    .map(Number);

it('goes from raw mail to a live prediction, twice, and leaves the tree clean', async () => {
  const killed = await demo(['--exit'], 'epoch 1');
  expect(killed.text).toContain('epoch 1');
  expect(killed.text).not.toContain('2/5');

  const first = await demo(['--exit']);
  expect(first.status, first.text).toBe(0);
  const [accuracyPercent, mcc] = figures(first.text) ?? [];
  expect(accuracyPercent, first.text).toBeGreaterThanOrEqual(96.5);
  expect(mcc, first.text).toBeGreaterThanOrEqual(0.91);
  expect(first.text).toContain('TF-IDF');
  expect(first.text).toContain('changed true');
  const digest = first.text.match(/@(sha256:[0-9a-f]{64})/)?.[1];
  expect(digest, first.text).toBeDefined();

  const killedLive = await demo([], 'Live until Ctrl-C');
  expect(killedLive.text, 'nothing changed, so nothing is deployed').toContain('changed false');

  const second = await demo(['--exit']);
  expect(second.status, second.text).toBe(0);
  expect(second.text).toContain('unchanged');
  expect(second.text).toContain('changed false');
  expect(second.text).toContain(digest);
  expect(execFileSync('git', ['status', '--porcelain'], { cwd: clone, encoding: 'utf8' })).toBe('');
});
