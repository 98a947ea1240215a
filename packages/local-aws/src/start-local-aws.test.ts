import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientConfig, pushHandler } from '../test/push-handler.ts';
import { DataInUseError, PortTakenError, StateError } from './errors.ts';
import { type LocalAws, startLocalAws } from './start-local-aws.ts';

let data: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'local-aws-start-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

const cli = join(import.meta.dirname, 'cli.ts');

/** Runs the CLI until it has told its environment. */
async function run(...args: string[]): Promise<{ child: ChildProcess; aws: LocalAws }> {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const env: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout! })) {
    const [, name, value] = line.match(/^export (\w+)=(.*)$/) ?? [];
    if (name) env[name] = value!;
    else break;
  }
  const url = env.AWS_ENDPOINT_URL!;
  const port = Number(new URL(url).port);
  const baseImage = `127.0.0.1:${port}/public/lambda/nodejs:24`;
  return {
    child,
    aws: {
      credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY! },
      url,
      port,
      region: 'us-east-1',
      account: '000000000000',
      env,
      baseImage,
      close: async () => {},
    },
  };
}

const FunctionName = `survivor-${process.pid}`;
const handler = `const id = crypto.randomUUID();
export const handler = async (event) => {
  if (event.spin) setTimeout(() => { for (;;); }, 20);
  return id;
};`;

async function createFunction(aws: LocalAws): Promise<void> {
  const lambda = new LambdaClient(clientConfig(aws));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      PackageType: 'Image',
      Code: { ImageUri: await pushHandler(aws, { 'index.mjs': handler }) },
      Role: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 10, minDelay: 0.05 }, { FunctionName });
  lambda.destroy();
}

async function invoke(aws: LocalAws, event: object): Promise<string> {
  const lambda = new LambdaClient(clientConfig(aws));
  const { Payload } = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }),
  );
  lambda.destroy();
  return JSON.parse(Buffer.from(Payload!).toString('utf8'));
}

/** Every process that runs for the function, sandbox and all, by what is in its environment. */
function workers(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const isZombie = /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      return !isZombie && environment.includes(`AWS_LAMBDA_FUNCTION_NAME=${FunctionName}\0`);
    } catch {
      return false;
    }
  });
}

describe('the program', () => {
  it.skipIf(process.platform !== 'linux')(
    'killed outright takes its busy workers along, and serves again what it served (skipped without /proc)',
    async () => {
      const first = await run('--port', '0', '--data', data);
      await createFunction(first.aws);
      const id = await invoke(first.aws, { spin: true });
      expect(workers()).not.toEqual([]);
      first.child.kill('SIGKILL');
      await expect.poll(workers, { timeout: 10_000 }).toEqual([]);
      const second = await run('--port', '0', '--data', data);
      expect(await invoke(second.aws, {})).not.toBe(id);
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'ends its workers and itself on SIGTERM (skipped without /proc)',
    async () => {
      const { child, aws } = await run('--port', '0', '--data', data);
      await createFunction(aws);
      await invoke(aws, { spin: true });
      child.kill('SIGTERM');
      const code = await new Promise((resolve) => child.once('exit', resolve));
      expect(code).toBe(0);
      await expect.poll(workers, { timeout: 10_000 }).toEqual([]);
    },
  );

  it('says which port is taken and what to do', async () => {
    const { port, close } = await startLocalAws();
    const child = spawn(process.execPath, [cli, '--port', String(port)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let output = '';
    child.stderr!.on('data', (chunk) => {
      output += chunk;
    });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    await close();
    expect(code).toBe(1);
    expect(output).toBe(
      `Port ${port} is taken by another program. Stop it (is another local AWS running?) or choose another port: --port ${port + 1}, or --port 0 for any free one.\n`,
    );
  });

  it('names a misspelt option', async () => {
    const child = spawn(process.execPath, [cli, '--prot', '1'], { stdio: ['ignore', 'ignore', 'pipe'] });
    children.push(child);
    let output = '';
    child.stderr!.on('data', (chunk) => {
      output += chunk;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
    expect(output).toMatch(/'--prot'.*Usage:/s);
  });
});

describe('startLocalAws', () => {
  it('refuses a taken port and a folder in use, leaving neither worse', async () => {
    const first = await startLocalAws({ data });
    await expect(startLocalAws({ port: first.port })).rejects.toThrow(PortTakenError);
    await expect(startLocalAws({ data })).rejects.toThrow(DataInUseError);
    await first.close();
    const second = await startLocalAws({ data });
    await second.close();
  });

  it('names a state file that is damaged', async () => {
    const first = await startLocalAws({ data });
    await first.close();
    const file = join(data, 'ecr', 'repositories', readdirSync(join(data, 'ecr', 'repositories'))[0]!);
    writeFileSync(file, '{"half');
    await expect(startLocalAws({ data })).rejects.toThrow(StateError);
    await expect(startLocalAws({ data })).rejects.toThrow(file);
  });

  it('removes its temporary folder when it closes', async () => {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = data;
    try {
      const aws = await startLocalAws();
      expect(readdirSync(data)).toHaveLength(1);
      await aws.close();
      expect(readdirSync(data)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });
});
