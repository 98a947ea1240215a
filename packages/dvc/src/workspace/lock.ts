import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RepositoryLocked } from '../errors.ts';
import { isAlive } from './process.ts';
import type { Repo } from './repo.ts';

/** A lock that is held until it is released or this process ends, however it ends. */
export interface Lock {
  release(): void;
}

/** BSD's open flag for an exclusive flock; Node has no name for it. */
const O_EXLOCK = 0x20;
const tries = 6;
const betweenMs = 500;

/**
 * Takes `.dvc/tmp/lock` the way DVC does (flock), so that neither DVC nor a second one of us works here meanwhile.
 * Throws RepositoryLocked after three seconds.
 */
export async function lockRepository(repo: Repo, options: { tries?: number } = {}): Promise<Lock> {
  const file = `${repo.dvcDir}/tmp/lock`;
  mkdirSync(dirname(file), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const lock = process.platform === 'win32' ? lockByName(`${file}.mainline`) : tryFlock(file);
    if (lock) return lock;
    if (attempt >= (options.tries ?? tries))
      throw new RepositoryLocked(
        `Unable to acquire lock. Most likely another DVC process is running or was terminated abruptly: ${file}`,
        { hint: 'wait for it to end; the file itself is not the lock and need not be deleted' },
      );
    await sleep(betweenMs);
  }
}

/** Does some work with the repository locked, and keeps what was learnt about its files. */
export async function locked<T>(repo: Repo, work: () => Promise<T>): Promise<T> {
  const lock = await lockRepository(repo);
  try {
    return await work();
  } finally {
    repo.state.save();
    lock.release();
  }
}

function tryFlock(file: string): Lock | undefined {
  if (process.platform === 'darwin') {
    try {
      return release(openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | O_EXLOCK));
    } catch (error) {
      if (
        error instanceof Error &&
        'code' in error &&
        (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK')
      )
        return undefined;
      throw error;
    }
  }
  const handle = openSync(file, constants.O_RDWR | constants.O_CREAT);
  // Node cannot flock. flock(1) can, on a descriptor it inherits, and the lock stays with the open file: with us.
  const { status, error } = spawnSync('flock', ['-n', '-x', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', handle],
  });
  if (error) {
    // A machine without flock(1) (no util-linux, no busybox): at least two of us exclude each other.
    closeSync(handle);
    return lockByName(`${file}.mainline`);
  }
  if (status === 0) return release(handle);
  closeSync(handle);
  return undefined;
}

const release = (handle: number): Lock => ({ release: () => closeSync(handle) });

/** A file that exists while the lock is held; one whose maker is gone is taken over. */
function lockByName(file: string): Lock | undefined {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = openSync(file, 'wx');
      writeSync(handle, String(process.pid));
      closeSync(handle);
      return { release: () => unlinkSync(file) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      if (isAlive(Number(readFileSync(file, 'utf8')))) return undefined;
      unlinkSync(file);
    }
  }
  return undefined;
}
