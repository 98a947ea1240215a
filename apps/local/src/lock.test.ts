import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLock } from './lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is held until released', () => {
  const file = join(folder, 'lock');
  const release = takeLock(file);
  expect(() => takeLock(file)).toThrow(`another demo is running here (process ${process.pid})`);
  release();
  expect(existsSync(file)).toBe(false);
  takeLock(file)();
});

it('is taken over from an owner that was killed', () => {
  const file = join(folder, 'lock');
  const { pid } = spawnSync('true');
  writeFileSync(file, String(pid));
  takeLock(file)();
  writeFileSync(file, ''); // killed between creating and writing
  takeLock(file)();
});
