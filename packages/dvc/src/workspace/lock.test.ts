import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RepositoryLocked } from '../errors.ts';
import { makeRepo, useScratch } from '../test/sandbox.ts';
import { lockRepository } from './lock.ts';
import { openRepo } from './repo.ts';

let dir: string;
useScratch((folder) => {
  dir = makeRepo(folder);
});

const hasFlock = spawnSync('flock', ['--version']).status === 0;
const skipped = hasFlock ? '' : ' (skipped: no flock)';

describe('the lock of a repository', () => {
  it('is held by one at a time, and can be taken again', async () => {
    const repo = openRepo(dir);
    const lock = await lockRepository(repo);
    await expect(lockRepository(openRepo(dir), { tries: 1 })).rejects.toThrow(RepositoryLocked);
    await expect(lockRepository(openRepo(dir), { tries: 1 })).rejects.toMatchObject({ exitCode: 255 });
    lock.release();
    (await lockRepository(repo, { tries: 1 })).release();
    expect(existsSync(join(dir, '.dvc/tmp/lock'))).toBe(true);
  });

  it.skipIf(!hasFlock)(`excludes whoever flocks the file, as DVC does, both ways${skipped}`, async () => {
    const repo = openRepo(dir);
    const lock = await lockRepository(repo);
    const file = join(dir, '.dvc/tmp/lock');
    expect(spawnSync('flock', ['-n', file, 'true']).status).toBe(1);
    lock.release();
    expect(spawnSync('flock', ['-n', file, 'true']).status).toBe(0);
    const other = spawn('flock', [file, 'sh', '-c', 'echo held; read line'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(other.stdout, 'data');
    await expect(lockRepository(repo, { tries: 1 })).rejects.toThrow(/Unable to acquire lock/);
    const waiting = lockRepository(repo);
    other.stdin.end('\n');
    (await waiting).release();
  });

  it('is gone with the process that held it, however it ended', async () => {
    const program = `const { lockRepository } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))});
      await lockRepository({ dvcDir: ${JSON.stringify(join(dir, '.dvc'))} }); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    await expect(lockRepository(openRepo(dir), { tries: 1 })).rejects.toThrow(RepositoryLocked);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    (await lockRepository(openRepo(dir), { tries: 1 })).release();
  });
});
