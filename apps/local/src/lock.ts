import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { DemoError } from './errors.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Takes `file` for this process, or throws `DemoError` while another live process holds it. Returns the release. */
export function takeLock(file: string): () => void {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = openSync(file, 'wx');
      writeSync(handle, String(process.pid));
      closeSync(handle);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const pid = Number(readFileSync(file, 'utf8'));
      if (pid > 0 && isAlive(pid))
        throw new DemoError(
          `another demo is running here (process ${pid})`,
          `Stop it with Ctrl-C, or \`kill ${pid}\`. If that process is something else, delete ${file}.`,
        );
      rmSync(file, { force: true }); // its owner was killed
    }
  }
  throw new DemoError(`${file} can't be taken`, 'Another demo started at the same moment: try again.');
}
