import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dockerd } from './dockerd.ts';
import { type Answer, startRuntimeApi } from './runtime-api.ts';

/** An image that runs as Lambda runs it. */
export interface FunctionContainer {
  /** From the start of the container, Docker's own share included, to the runtime's first request for an event. */
  initMs: number;
  /** Rejects with the container's log if it ends instead of answering. */
  invoke(event: unknown): Promise<Answer>;
  /** The value of a JavaScript expression in the container, as the function's user. */
  evaluate(expression: string): Promise<unknown>;
  /** Ends it; returns what it wrote to its log. */
  close(): Promise<string>;
}

/** What a function is run with. */
export interface ContainerOptions {
  memoryMb?: number;
  env?: Record<string, string>;
  /** Port of this machine that the function reaches as its own, local AWS's for one. */
  reachablePort: number;
}

const runtimeApiPort = 9001;
const node = '/var/lang/bin/node';

/**
 * Runs an image as Lambda does: nothing to write on but /tmp, not root, its memory limited, started by its own
 * entrypoint and fed through the Runtime API. It has no network; a second container's loopback, which it shares, leads
 * to the Runtime API and to one port of this machine.
 */
export async function startFunction(
  dockerd: Dockerd,
  image: string,
  { memoryMb = 512, env = {}, reachablePort }: ContainerOptions,
): Promise<FunctionContainer> {
  const folder = mkdtempSync(join(tmpdir(), 'function-'));
  const running = new AsyncDisposableStack();
  running.defer(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const api = await startRuntimeApi(join(folder, `${runtimeApiPort}`));
    running.defer(() => api.close());
    running.defer(await forward(join(folder, `${reachablePort}`), reachablePort));
    const relayProgram = join(import.meta.dirname, 'relay.mjs');
    const relay = startContainer(
      dockerd,
      [
        ...['--network=none', '-v', `${folder}:/relay`, '-v', `${relayProgram}:/relay.mjs:ro`],
        ...['--entrypoint', node, image, '/relay.mjs', `${runtimeApiPort}`, `${reachablePort}`],
      ],
      'listening',
    );
    running.defer(relay.stop);
    await Promise.race([relay.said, relay.ended]);

    const startedAt = performance.now();
    const variables = {
      ...{ AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${runtimeApiPort}`, AWS_LAMBDA_FUNCTION_NAME: 'tiny' },
      ...{ AWS_LAMBDA_FUNCTION_VERSION: '1', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: `${memoryMb}` },
      ...{ AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' },
      ...{ AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/tiny', AWS_LAMBDA_LOG_STREAM_NAME: 'stream' },
      ...{ AWS_REGION: 'us-east-1', ...env },
    };
    const fn = startContainer(dockerd, [
      ...[`--network=container:${relay.name}`, '--read-only', '--tmpfs=/tmp:size=512m,mode=1777'],
      ...['--user=993:990', `--memory=${memoryMb}m`],
      ...Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
      image,
    ]);
    running.defer(fn.stop);
    await Promise.race([api.ready, fn.ended]);
    return {
      initMs: performance.now() - startedAt,
      invoke: (event) => Promise.race([api.invoke(event), fn.ended]),
      evaluate: (expression) => evaluateIn(dockerd, fn.name, expression),
      async close() {
        await running.disposeAsync();
        return fn.log();
      },
    };
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}

/** An image that runs as a server. */
export interface ServerContainer {
  /** The value of a JavaScript expression in the container, awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** Stops it as platforms do, by SIGTERM and a SIGKILL much later; returns its exit code. */
  stop(): Promise<unknown>;
}

/** Runs an image as a server on a port, where no platform but a container's is there: no network, read-only, not root. */
export async function startServer(dockerd: Dockerd, image: string, port: number): Promise<ServerContainer> {
  const server = startContainer(
    dockerd,
    [
      ...['--network=none', '--read-only', '--user=993:990', '--memory=512m', '-e', `PORT=${port}`],
      ...[image, 'serve'],
    ],
    'listening',
  );
  await Promise.race([server.said, server.ended]);
  return {
    evaluate: (expression) => evaluateIn(dockerd, server.name, expression),
    async stop() {
      await dockerd.docker(['stop', '--time', '20', server.name]);
      return server.exitCode;
    },
  };
}

async function evaluateIn(dockerd: Dockerd, name: string, expression: string): Promise<unknown> {
  const program = `(async () => console.log(JSON.stringify(await (${expression}))))()`;
  return JSON.parse(await dockerd.docker(['exec', name, node, '-e', program]));
}

/** A container in the foreground of a client. `said` settles when it has written a text, `ended` rejects at its end. */
function startContainer(dockerd: Dockerd, args: string[], text = '') {
  const name = `test-${crypto.randomUUID()}`;
  const client = spawn(dockerd.client, ['run', '--rm', '--name', name, ...args], { env: dockerd.env });
  const closed = once(client, 'close');
  const said = Promise.withResolvers<void>();
  let log = '';
  for (const stream of [client.stdout, client.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
      if (log.includes(text)) said.resolve();
    });
  const ended = closed.then(([code]): never => {
    throw new Error(`the container ended with ${code}:\n${log}`);
  });
  // Its end is news only to those who wait for it.
  ended.catch(() => {});
  return {
    name,
    said: said.promise,
    ended,
    exitCode: closed.then(([code]) => code as unknown),
    log: () => log,
    async stop() {
      try {
        await dockerd.docker(['kill', name]);
      } catch {
        // It has ended by itself.
      }
      await closed;
    },
  };
}

/** Lets a Unix socket lead to a port of this machine; returns how to end that. */
async function forward(socket: string, port: number): Promise<() => void> {
  const open = new Set<{ destroy(): unknown }>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const end of [near, far]) {
      open.add(end);
      end
        .on('close', () => open.delete(end))
        .on('error', () => {
          near.destroy();
          far.destroy();
        });
    }
    near.pipe(far).pipe(near);
  });
  await once(server.listen(socket), 'listening');
  return () => {
    for (const end of open) end.destroy();
    server.close();
  };
}
