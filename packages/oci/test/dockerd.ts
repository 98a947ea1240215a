import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { has, run } from './programs.ts';

// Debian's client: unlike newer ones it drives the BuildKit inside dockerd without a plugin.
const client = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';

/** Why Docker can't be used here, or undefined when it can. */
export const noDocker =
  process.platform === 'linux' && process.getuid?.() === 0 && has('dockerd') && has(client)
    ? undefined
    : 'skipped: needs root, dockerd and docker';

/** A Docker daemon of this test's own. */
export interface Dockerd {
  /** The client, and the environment in which it talks to this daemon. */
  client: string;
  env: NodeJS.ProcessEnv;
  /** Runs the client and returns what it printed. */
  docker(args: string[], env?: NodeJS.ProcessEnv): string;
  close(): Promise<void>;
}

/** Starts dockerd without networks in a folder of its own; containers run with `--network=host` or none. */
export async function startDockerd(): Promise<Dockerd> {
  const folder = await mkdtemp(join(tmpdir(), 'dockerd-'));
  const host = `unix://${folder}/docker.sock`;
  const flags = [
    '--bridge=none',
    '--iptables=false',
    '--ip6tables=false',
    '--ip-forward=false',
    '--ip-masq=false',
  ];
  const places = [
    '--data-root',
    `${folder}/data`,
    '--exec-root',
    `${folder}/exec`,
    '--pidfile',
    `${folder}/pid`,
    '-H',
    host,
  ];
  const daemon = spawn('dockerd', [...flags, ...places], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => daemon.on('close', () => resolve()));
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_CONFIG: folder };
  const docker = (args: string[], more: NodeJS.ProcessEnv = {}) =>
    run(client, args, { env: { ...env, ...more } });
  for (let tries = 0; ; tries++) {
    try {
      docker(['version']);
      break;
    } catch (error) {
      if (tries > 120) throw error;
      await sleep(250);
    }
  }
  return {
    client,
    env,
    docker,
    async close() {
      daemon.kill('SIGTERM');
      await ended;
      // A container on the host's network leaves this mount behind.
      spawnSync('umount', [join(folder, 'exec/netns/default')]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
