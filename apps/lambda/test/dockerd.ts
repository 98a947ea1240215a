import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

// Debian's client: unlike newer ones it drives the BuildKit inside dockerd without a plugin.
const client = '/usr/bin/docker';

/** Whether this machine can run a Docker daemon for a test alone. */
export const hasDocker =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  existsSync('/usr/sbin/dockerd') &&
  existsSync(client);

/** A Docker daemon of a test's own, without networks. */
export interface Dockerd {
  /** The client, and the environment in which it talks to this daemon and keeps its logins. */
  client: string;
  env: Record<string, string>;
  /** Runs the client and returns what it printed; throws with its standard error if it fails. */
  docker(args: string[], input?: Buffer): Promise<string>;
  /** Ends the daemon and every container with it. */
  close(): Promise<void>;
}

/** Starts dockerd in a folder of its own; one that doesn't come up is ended. */
export async function startDockerd(): Promise<Dockerd> {
  const folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
  const host = `unix://${folder}/docker.sock`;
  const daemon = spawn(
    'setpriv',
    [
      // However this process ends, the daemon ends, and its containers with it.
      ...['--pdeathsig', 'TERM', '/usr/sbin/dockerd'],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      ...['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`],
      ...['--pidfile', `${folder}/pid`, '-H', host],
    ],
    { stdio: 'ignore' },
  );
  const exited = once(daemon, 'exit');
  const env = {
    PATH: process.env.PATH ?? '',
    DOCKER_HOST: host,
    DOCKER_CONFIG: folder,
    DOCKER_BUILDKIT: '1',
  };
  const docker: Dockerd['docker'] = async (args, input) => {
    const running = promisify(execFile)(client, args, { maxBuffer: 1 << 26, env });
    // A client that ends early says why on its standard error.
    running.child.stdin?.on('error', () => {}).end(input);
    return (await running).stdout;
  };
  const close = async () => {
    daemon.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; ; tries++) {
    try {
      await docker(['version']);
      return { client, env, docker, close };
    } catch (error) {
      if (tries < 120 && daemon.exitCode === null) await wait(250);
      else {
        await close();
        throw error;
      }
    }
  }
}
