import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Whether this machine can run a Docker daemon for a test alone. */
export const hasDocker =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  existsSync('/usr/sbin/dockerd') &&
  existsSync('/usr/bin/docker');

/** A Docker daemon of a test's own, without networks. */
export interface Dockerd {
  /** Runs the client and returns what it printed; throws with its standard error if it fails. */
  docker(args: string[], input?: Buffer): string;
  /** Runs a container; returns the JSON that it ends its standard error with, and the lines of its log. */
  run(args: string[]): ContainerOutput;
  close(): Promise<void>;
}

/** What test/in-container.mjs reports. */
export interface ContainerOutput {
  initMs: number;
  rssMb: number;
  readOnly: boolean;
  uid: number;
  answers: { body?: string; predictions?: { label: string; scores: Record<string, number> }[] }[];
  log: Record<string, unknown>[];
}

/** Starts dockerd in a folder of its own. */
export async function startDockerd(): Promise<Dockerd> {
  const folder = mkdtempSync(join(tmpdir(), 'dockerd-'));
  const host = `unix://${folder}/docker.sock`;
  const daemon = spawn(
    '/usr/sbin/dockerd',
    [
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      ...[
        '--data-root',
        `${folder}/data`,
        '--exec-root',
        `${folder}/exec`,
        '--pidfile',
        `${folder}/pid`,
        '-H',
        host,
      ],
    ],
    { stdio: 'ignore' },
  );
  const exited = once(daemon, 'exit');
  const docker: Dockerd['docker'] = (args, input) =>
    execFileSync('/usr/bin/docker', ['-H', host, ...args], {
      ...{ encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['pipe', 'pipe', 'pipe'] },
      ...(input ? { input } : {}),
    });
  for (let tries = 0; ; tries++) {
    try {
      docker(['version']);
      break;
    } catch (error) {
      if (tries > 120) throw error;
      await wait(250);
    }
  }
  return {
    docker,
    run(args) {
      const { stdout, stderr, status } = spawnSync('/usr/bin/docker', ['-H', host, ...args], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${status}\n${stderr}`);
      const log = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      return { ...JSON.parse(stderr.slice(stderr.indexOf('{'))), log };
    },
    async close() {
      daemon.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
