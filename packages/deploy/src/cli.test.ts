import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digest } from '../test/world.ts';
import { formatStamp } from './stamp.ts';

let aws: LocalAws;

/** A function from a zip, since without a registry there is no image: what is told about it is the same. */
beforeAll(async () => {
  aws = await startLocalAws({ delays: { createMs: 0, updateMs: 0, publishMs: 0 } });
  const { url: endpoint, region, credentials } = aws;
  const lambda = new LambdaClient({ endpoint, region, credentials });
  const FunctionName = 'spam';
  const Role = 'arn:aws:iam::000000000000:role/spam';
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: new Uint8Array(1) },
    }),
  );
  for (const Timeout of [1, 2, 3]) {
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout }));
    await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 10 }, { FunctionName });
    await lambda.send(new PublishVersionCommand({ FunctionName }));
  }
  const stamp = {
    version: '3',
    commit: 'c0ffee',
    model: 'm3',
    digest: digest('a'),
    previous: '2',
    since: '2026-11-20T12:00:00Z',
    metrics: { mcc: 0.95 },
  };
  await lambda.send(
    new CreateAliasCommand({
      FunctionName,
      Name: 'live',
      FunctionVersion: '3',
      Description: formatStamp(stamp),
    }),
  );
  lambda.destroy();
});
afterAll(() => aws.close());

async function cli(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'cli.ts'), ...args], {
    env: { PATH: process.env.PATH, ...aws.env },
  });
  const printed = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (printed.out += chunk));
  child.stderr.on('data', (chunk) => (printed.err += chunk));
  const [code]: (number | null)[] = await once(child, 'close');
  return { code: code ?? null, ...printed };
}

it('tells what is live', async () => {
  expect((await cli('status', 'spam')).out).toMatchInlineSnapshot(`
    "spam:live serves version 3 (Active)
      commit    c0ffee
      model     m3
      mcc       0.95
      since     2026-11-20T12:00:00Z
      image     sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      previous  version 2
    "
  `);
  expect(JSON.parse((await cli('status', 'spam:live', '--json')).out)).toMatchObject({
    version: '3',
    previous: '2',
  });
});

it('deletes old versions, and keeps what is live and what it would go back to', async () => {
  expect((await cli('prune', 'spam', '--keep', '1')).out).toBe('Deleted versions 1\n');
  expect((await cli('prune', 'spam', '--keep', '1')).out).toBe('Nothing to delete\n');
});

it.each<[string[], string]>([
  [['status', 'ham'], 'There is no ham:live in this account and region'],
  [['rollback', 'spam', '--to', '9'], 'There is no version 9 of spam'],
  [['rollback'], 'rollback needs one FUNCTION[:ALIAS]'],
  [['prune', 'spam'], 'prune needs --keep N'],
  [['launch', 'spam'], 'There is no command "launch"'],
  [['status', 'spam', '--colour'], "Unknown option '--colour'"],
])('refuses %j', async (args, message) => {
  const { code, out, err } = await cli(...args);
  expect(code).toBe(1);
  expect(out).toBe('');
  expect(err).toContain(message);
  expect(err).not.toContain('    at ');
});

it('explains itself', async () => {
  expect(await cli('--help')).toMatchObject({ code: 0, out: expect.stringContaining('the way back') });
});
