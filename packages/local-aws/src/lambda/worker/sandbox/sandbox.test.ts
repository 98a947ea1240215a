import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RuntimeApi, type RuntimeResult } from '../runtime-api.ts';
import { canMakeNamespaces, namespaceSandbox } from './namespace-sandbox.ts';
import { hostSandbox, type Sandbox } from './sandbox.ts';

/** Tells what it can see and do. */
const handler = `

import { readFileSync, writeFileSync, readdirSync, existsSync } from 'node:fs';
const tried = (run) => { try { run(); return 'done'; } catch (error) { return error.code; } };
export const handler = async ({ host, spin }) => (spin && setTimeout(() => { for (;;); }, 20), {
  uid: process.getuid(), cwd: process.cwd(), processes: readdirSync('/proc').filter((n) => /^\\d+$/.test(n)).length,
  writeTask: tried(() => writeFileSync(process.env.LAMBDA_TASK_ROOT + '/x', '')),
  writeRoot: tried(() => writeFileSync('/x-of-local-aws', '')),
  writeUsr: tried(() => writeFileSync('/usr/x-of-local-aws', '')),
  writeTmp: tried(() => writeFileSync('/tmp/x-of-local-aws', 'x')),
  fillTmp: tried(() => writeFileSync('/tmp/big-of-local-aws', Buffer.alloc(40_000_000))),
  seesHost: existsSync(host),
});`;

const canIsolate = canMakeNamespaces();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-aws-sandbox-'));
  mkdirSync(join(folder, 'image', 'var/task'), { recursive: true });
  writeFileSync(join(folder, 'image', 'var/task/index.mjs'), handler);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a worker in a sandbox by hand and asks it one thing. */
async function ask(
  sandbox: Sandbox,
  spin = false,
): Promise<{ child: ChildProcess; answer: Record<string, unknown> }> {
  const imageFolder = join(folder, 'image');
  const result = Promise.withResolvers<RuntimeResult>();
  const api = await RuntimeApi.start({
    onNext() {},
    onResult: (_id, got) => result.resolve(got),
    onInitError: (payload) => result.reject(new Error(payload.toString('utf8'))),
  });
  const launch = sandbox.launch({
    imageFolder,
    workingDirectory: '/var/task',
    memoryMb: 256,
    ephemeralMb: 16,
  });
  const child = spawn(launch.program, launch.args, {
    cwd: launch.cwd,
    env: {
      AWS_LAMBDA_RUNTIME_API: api.address,
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: sandbox.taskRoot(imageFolder),
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_LOG_GROUP_NAME: 'g',
      AWS_LAMBDA_LOG_STREAM_NAME: 's',
      PATH: process.env.PATH ?? '',
    },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const payload = Buffer.from(JSON.stringify({ host: folder, spin }));
  api.give({ requestId: 'r', arn: 'a', payload, deadlineMs: Date.now() + 10_000, traceId: 't' });
  const { payload: answer } = await result.promise;
  api.stop();
  return { child, answer: JSON.parse(answer.toString('utf8')) };
}

it('on the host a handler runs in the unpacked image, with this machine’s Node', async () => {
  const { child, answer } = await ask(hostSandbox);
  child.kill('SIGKILL');
  expect(answer).toMatchObject({ cwd: join(folder, 'image/var/task'), seesHost: true });
  for (const name of ['x-of-local-aws', 'big-of-local-aws']) rmSync(join('/tmp', name), { force: true });
  for (const path of ['/x-of-local-aws', '/usr/x-of-local-aws', join(folder, 'image/var/task/x')])
    rmSync(path, { force: true });
});

describe.skipIf(!canIsolate)('in a namespace (skipped unless root on Linux may make one)', () => {
  it('a handler is Lambda’s user, alone but for its shell, on a read-only root with a small /tmp', async () => {
    const { child, answer } = await ask(namespaceSandbox(join(folder, 'empty')));
    child.kill('SIGKILL');
    expect(answer).toEqual({
      uid: 993,
      cwd: '/var/task',
      processes: 2,
      writeTask: 'EROFS',
      writeRoot: 'EROFS',
      writeUsr: 'EROFS',
      writeTmp: 'done',
      fillTmp: 'ENOSPC',
      seesHost: false,
    });
  });

  it('the handler dies with the process that we know, and this machine sees none of its mounts', async () => {
    const sandbox = namespaceSandbox(join(folder, 'empty'));
    const { child } = await ask(sandbox, true);
    const descendants = (pid: string): string[] =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .flatMap((one) => [one, ...descendants(one)]);
    const inner = descendants(String(child.pid));
    expect(inner).toHaveLength(2);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder);
    const living = () => inner.filter((pid) => existsSync(`/proc/${pid}`));
    child.kill('SIGKILL');
    await expect.poll(living, { timeout: 5000 }).toEqual([]);
  });
});
