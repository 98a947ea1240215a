import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A registry that runs: where, how to log in, how to end it. */
export interface RunningRegistry {
  registry: string;
  credential: { username: string; password: string };
  close(): Promise<void>;
}

const credential = { username: 'AWS', password: 'secret' };
const htpasswd = 'AWS:$2b$04$0mMcUObFiSED8Nnj5uTkuOeX3xfvtYLi92ecQEPGn6o/ijA1UFv5O\n';

/** How docker-registry runs: with a login unless told otherwise, and over TLS where there is a certificate. */
export interface DockerRegistryOptions {
  login?: boolean;
  address?: string;
  tls?: { key: string; certificate: string };
}

/** Starts Debian's docker-registry (the Distribution project's) on a free port. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<RunningRegistry> {
  const { login = true, address = '127.0.0.1', tls } = options;
  const folder = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const registry = `${address}:${await freePort()}`;
  await writeFile(join(folder, 'htpasswd'), htpasswd);
  await writeFile(
    join(folder, 'config.yml'),
    `version: 0.1
storage: { filesystem: { rootdirectory: ${join(folder, 'data')} }, delete: { enabled: true } }
http: { addr: ${registry}${tls ? `, tls: { certificate: ${tls.certificate}, key: ${tls.key} }` : ''} }
${login ? `auth: { htpasswd: { realm: test, path: ${join(folder, 'htpasswd')} } }` : ''}
log: { level: error, accesslog: { disabled: true } }
`,
  );
  const server = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.on('close', () => resolve()));
  for (let tries = 0; tries < 200 && !(await listens(registry)); tries++) await sleep(50);
  return {
    registry,
    credential,
    async close() {
      server.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listens(registry: string): Promise<boolean> {
  const [host, port] = registry.split(':');
  return await new Promise((resolve) => {
    const socket = connect(Number(port), host, () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
