import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

function demo(...args: string[]) {
  return spawnSync(process.execPath, [join(import.meta.dirname, 'cli.ts'), ...args], { encoding: 'utf8' });
}

it.each([
  [['--model', 'spma'], /there is no model 'spma'\n.*models\/ has spam/],
  [['--port', 'http'], /'http' is not a port/],
  [['--exti'], /Unknown option '--exti'/],
])('refuses %j before it starts anything', (args, message) => {
  const { status, stdout } = demo(...args);
  expect(stdout).toMatch(message);
  expect(status).toBe(1);
});

it('explains itself', () => {
  const { status, stdout } = demo('--help');
  expect(stdout).toContain('pnpm demo [--model NAME]');
  expect(status).toBe(0);
});
