import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { RegistryUnderTest } from './registry-contract.ts';

// A program and not an import: local-aws is built on this package.
const program = resolve(import.meta.dirname, '../../local-aws/src/cli.ts');

/** Whether local-aws is there to be started. */
export const hasLocalAws = existsSync(program);

/** Local AWS in a process of its own: its registry, and a client for its control plane. */
export interface RunningLocalAws extends RegistryUnderTest {
  prepare(repository: string): Promise<void>;
  ecr: ECRClient;
  baseImage: string;
}

/** Starts local-aws on a free port and logs in to its registry. */
export async function startLocalAws(): Promise<RunningLocalAws> {
  const child = spawn(process.execPath, [program, '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<void>((done) => child.on('close', () => done()));
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  try {
    const { baseImage, env } = await readStart(child);
    const ecr = new ECRClient({
      endpoint: env.AWS_ENDPOINT_URL ?? '',
      region: env.AWS_REGION ?? '',
      credentials: {
        accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      },
    });
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const login = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString();
    const [username = '', password = ''] = login.split(':');
    return {
      registry: new URL(env.AWS_ENDPOINT_URL ?? '').host,
      credential: { username, password },
      baseImage,
      ecr,
      async prepare(repositoryName) {
        await ecr.send(new CreateRepositoryCommand({ repositoryName }));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What it prints when it is up: its environment as exports, then where it is. */
async function readStart(child: ChildProcessByStdio<null, Readable, null>) {
  const env: Record<string, string> = {};
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const [, name, value] = line.match(/^export (\w+)=(.*)$/) ?? [];
    if (name) env[name] = value ?? '';
    const [, baseImage] = line.match(/base image (\S+)/) ?? [];
    if (!baseImage) continue;
    child.stdout.resume();
    return { env, baseImage };
  }
  throw new Error('local-aws did not start: run node packages/local-aws/src/cli.ts');
}
