import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeArguments, runtimeFolder, type Sandbox, workerFolder } from './sandbox.ts';

const enter = join(import.meta.dirname, 'enter-namespace.sh');

// Each dies with the one before it, down to the namespace's first process, and with that everything in there.
const namespaces = ['--pdeathsig', 'KILL', '--no-new-privs', 'unshare', '--mount', '--pid', '--fork'];
const program = 'setpriv';
const prefix = [...namespaces, '--kill-child=KILL', '--propagation', 'private', '--'];

/** Whether this machine lets this user make namespaces: Linux, root, and not itself confined. */
export function canMakeNamespaces(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const script =
    'PATH=$PATH:/usr/sbin:/sbin; mount -t tmpfs tmpfs /mnt && chroot --userspec=993:990 --groups= / true';
  const probe = spawnSync(program, [...prefix, 'sh', '-c', script], { stdio: 'ignore' });
  return probe.status === 0;
}

/**
 * A mount and PID namespace per worker, its root read-only and its user Lambda's: what works here and not on Lambda is
 * then little more than the kernel. `emptyFolder` is where the root is put, seen by nobody else.
 */
export function namespaceSandbox(emptyFolder: string): Sandbox {
  mkdirSync(emptyFolder, { recursive: true });
  return {
    name: 'namespace',
    taskRoot: () => '/var/task',
    launch({ imageFolder, workingDirectory, memoryMb, ephemeralMb }) {
      const node = nodeArguments(memoryMb, '/run/worker/preload.ts', '/var/runtime/index.mjs');
      const paths = [emptyFolder, imageFolder, process.execPath, runtimeFolder, workerFolder];
      return {
        program,
        args: [...prefix, 'sh', enter, ...paths, String(ephemeralMb), workingDirectory, ...node],
        cwd: '/',
      };
    },
  };
}
