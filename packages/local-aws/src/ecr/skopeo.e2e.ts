import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../test/find-program.ts';
import { clientConfig, pushHandler } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

const program = findProgram('skopeo');

describe.skipIf(!program)(`skopeo (${program ? 'the real one' : 'skipped: not installed'})`, () => {
  let aws: LocalAws;
  let ecr: ECRClient;
  let folder: string;
  let password: string;
  beforeAll(async () => {
    aws = await startLocalAws();
    ecr = new ECRClient(clientConfig(aws));
    folder = mkdtempSync(join(tmpdir(), 'local-aws-skopeo-'));
    await ecr.send(
      new CreateRepositoryCommand({ repositoryName: 'copied', imageTagMutability: 'IMMUTABLE' }),
    );
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const token = Buffer.from(authorizationData![0]!.authorizationToken!, 'base64').toString('utf8');
    password = token.slice('AWS:'.length);
  });
  afterAll(async () => {
    ecr?.destroy();
    await aws?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  const skopeo = async (...args: string[]) => {
    const authfile = join(folder, 'auth.json');
    const { stdout } = await promisify(execFile)(program!, args, {
      env: { ...process.env, REGISTRY_AUTH_FILE: authfile },
    });
    return stdout;
  };
  const at = (name: string) => `docker://127.0.0.1:${aws.port}/${name}`;

  it('inspects the base image without signing in', async () => {
    const base = aws.baseImage.slice(aws.baseImage.indexOf('/') + 1);
    const shown = JSON.parse(await skopeo('inspect', '--tls-verify=false', at(base)));
    expect(shown).toMatchObject({ Os: 'linux', RepoTags: ['24'] });
    expect(shown.Env).toContain('LAMBDA_TASK_ROOT=/var/task');
  });

  it('signs in, copies an image between repositories, and Lambda runs the copy', async () => {
    const source = await pushHandler(aws, { 'index.mjs': 'export const handler = async () => "copied";' });
    const registry = `127.0.0.1:${aws.port}`;
    await skopeo('login', '--tls-verify=false', '--username', 'AWS', '--password', password, registry);
    const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    await skopeo('copy', ...insecure, `docker://${source}`, at('copied:v1'));
    const digest = source.split('@')[1]!;
    const { Digest } = JSON.parse(await skopeo('inspect', '--tls-verify=false', at('copied:v1')));
    expect(Digest).toBe(digest);

    const lambda = new LambdaClient(clientConfig(aws));
    const fn = { FunctionName: 'copied' };
    await lambda.send(
      new CreateFunctionCommand({
        ...fn,
        PackageType: 'Image',
        Code: { ImageUri: `${registry}/copied:v1` },
        Role: 'arn:aws:iam::000000000000:role/any',
      }),
    );
    await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20, minDelay: 0.05 }, fn);
    const { Payload } = await lambda.send(new InvokeCommand(fn));
    expect(Buffer.from(Payload!).toString('utf8')).toBe('"copied"');
    lambda.destroy();
  });

  it('is told that an immutable tag stays where it is, and that a repository is missing', async () => {
    const other = await pushHandler(aws, { 'index.mjs': 'export const handler = async () => "other";' });
    const copy = (to: string) =>
      skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', `docker://${other}`, at(to));
    await expect(copy('copied:v1')).rejects.toThrow(/immutable/);
    await expect(copy('nowhere:v1')).rejects.toThrow(/name unknown|does not exist/);
  });
});
