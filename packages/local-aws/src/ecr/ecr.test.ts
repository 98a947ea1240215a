import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  BatchCheckLayerAvailabilityCommand,
  BatchDeleteImageCommand,
  BatchGetImageCommand,
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  ListImagesCommand,
  PutAccountSettingCommand,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../test/find-program.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

let aws: LocalAws;
let ecr: ECRClient;
let authorization: string;

const connect = (to: LocalAws) =>
  new ECRClient({
    endpoint: to.url,
    region: to.region,
    maxAttempts: 1,
    credentials: to.credentials,
  });

async function signIn(client: ECRClient): Promise<string> {
  const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
  return `Basic ${authorizationData![0]!.authorizationToken}`;
}

beforeAll(async () => {
  aws = await startLocalAws();
  ecr = connect(aws);
  authorization = await signIn(ecr);
  for (const [repositoryName, imageTagMutability] of [
    ['app', 'IMMUTABLE'],
    ['team/other', 'MUTABLE'],
  ] as const)
    await ecr.send(new CreateRepositoryCommand({ repositoryName, imageTagMutability }));
});

afterAll(async () => {
  ecr.destroy();
  await aws.close();
});

const sha256 = (bytes: string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';

async function registry(method: string, path: string, init: RequestInit = {}) {
  const response = await fetch(new URL(path, aws.url), {
    method,
    ...init,
    headers: { authorization, ...init.headers },
  });
  const body = await response.text();
  return { status: response.status, headers: response.headers, body, error: errorCode(body) };
}

function errorCode(body: string): string | undefined {
  if (!body.startsWith('{"errors"')) return undefined;
  return (JSON.parse(body) as { errors: { code: string }[] }).errors[0]?.code;
}

async function pushBlob(repository: string, bytes: string) {
  const started = await registry('POST', `/v2/${repository}/blobs/uploads/`);
  const digest = sha256(bytes);
  const finished = await registry('PUT', `${started.headers.get('location')}?digest=${digest}`, {
    body: bytes,
  });
  expect(finished.status).toBe(201);
  return { mediaType: 'application/octet-stream', digest, size: bytes.length };
}

async function pushImage(repository: string, tag: string, content: string) {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: await pushBlob(repository, `{"config of":"${content}"}`),
    layers: [await pushBlob(repository, content)],
  });
  const put = await registry('PUT', `/v2/${repository}/manifests/${tag}`, {
    body: manifest,
    headers: { 'content-type': ociManifest },
  });
  return { ...put, manifest, digest: sha256(manifest) };
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('expected ECR to refuse'),
    (error: Error) => error.name,
  );

describe('repositories', () => {
  it('are described with a URI that docker can push to', async () => {
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['app'] }));
    expect(repositories![0]).toMatchObject({
      repositoryUri: `127.0.0.1:${aws.port}/app`,
      repositoryArn: 'arn:aws:ecr:us-east-1:000000000000:repository/app',
      imageTagMutability: 'IMMUTABLE',
    });
    expect(repositories![0]!.createdAt).toBeInstanceOf(Date);
  });

  it('are named when missing, already there, badly named or not empty', async () => {
    const describeMissing = ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ['nope'] }));
    expect(await refusal(describeMissing)).toBe('RepositoryNotFoundException');
    const again = ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
    expect(await refusal(again)).toBe('RepositoryAlreadyExistsException');
    const badName = ecr.send(new CreateRepositoryCommand({ repositoryName: '../UPPER' }));
    expect(await refusal(badName)).toBe('InvalidParameterException');
    await pushImage('team/other', 'keeps', 'it full');
    const full = ecr.send(new DeleteRepositoryCommand({ repositoryName: 'team/other' }));
    expect(await refusal(full)).toBe('RepositoryNotEmptyException');
  });
});

describe('the registry', () => {
  it('gives back what was pushed, by tag and by digest', async () => {
    const { digest, manifest, status } = await pushImage('app', 'v1', 'one');
    expect(status).toBe(201);
    for (const reference of ['v1', digest]) {
      const pulled = await registry('GET', `/v2/app/manifests/${reference}`);
      expect([pulled.body, pulled.headers.get('content-type')]).toEqual([manifest, ociManifest]);
      expect(pulled.headers.get('docker-content-digest')).toBe(digest);
    }
    const blob = await registry('GET', `/v2/app/blobs/${sha256('one')}`, { headers: { range: 'bytes=1-' } });
    expect([blob.status, blob.body]).toEqual([206, 'ne']);
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ repositoryName: 'app', imageIds: [{ imageTag: 'v1' }] }),
    );
    expect(imageDetails![0]).toMatchObject({
      imageDigest: digest,
      imageTags: ['v1'],
      imageManifestMediaType: ociManifest,
    });
    const { images } = await ecr.send(
      new BatchGetImageCommand({ repositoryName: 'app', imageIds: [{ imageDigest: digest }] }),
    );
    expect(images![0]!.imageManifest).toBe(manifest);
  });

  it('wants a token: 401 with a challenge without one', async () => {
    const none = await registry('GET', '/v2/', { headers: { authorization: '' } });
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([
      401,
      `Basic realm="${aws.url}/",service="ecr.amazonaws.com"`,
    ]);
    const forged = Buffer.from('AWS:eyJleHBpcmF0aW9uIjo5OTk5OTk5OTk5OTk5fQ.AAAA').toString('base64');
    expect(await registry('GET', '/v2/', { headers: { authorization: `Basic ${forged}` } })).toMatchObject({
      status: 401,
    });
    expect((await registry('GET', '/v2/')).status).toBe(200);
  });

  it('refuses a missing repository, a wrong digest, an unknown blob and a moved immutable tag', async () => {
    expect(await registry('POST', '/v2/nope/blobs/uploads/')).toMatchObject({
      status: 404,
      error: 'NAME_UNKNOWN',
    });
    const started = await registry('POST', '/v2/app/blobs/uploads/');
    const wrong = `${started.headers.get('location')}?digest=${sha256('other')}`;
    expect(await registry('PUT', wrong, { body: 'bytes' })).toMatchObject({ error: 'DIGEST_INVALID' });
    expect(await registry('HEAD', `/v2/app/blobs/${sha256('bytes')}`)).toMatchObject({ status: 404 });
    const manifest = JSON.stringify({
      schemaVersion: 2,
      config: { digest: sha256('absent'), size: 6 },
      layers: [],
    });
    const headers = { 'content-type': ociManifest };
    expect(await registry('PUT', '/v2/app/manifests/v9', { body: manifest, headers })).toMatchObject({
      status: 404,
      error: 'MANIFEST_BLOB_UNKNOWN',
    });
    expect(await registry('PUT', '/v2/app/manifests/v9', { body: 'not json', headers })).toMatchObject({
      status: 400,
      error: 'MANIFEST_INVALID',
    });
    await pushImage('app', 'fixed', 'first');
    const moved = await pushImage('app', 'fixed', 'second');
    expect([moved.status, moved.error]).toEqual([400, 'TAG_INVALID']);
    expect(moved.body).toContain('already exists');
    expect((await pushImage('app', 'fixed', 'first')).status).toBe(201);
  });

  it('loses later chunks of a chunked upload, as ECR does, so the digest fails', async () => {
    const started = await registry('POST', '/v2/app/blobs/uploads/');
    const location = started.headers.get('location')!;
    expect((await registry('PATCH', location, { body: 'half ' })).status).toBe(201);
    expect((await registry('PATCH', location, { body: 'and half' })).headers.get('range')).toBe('0-4');
    expect(await registry('PUT', `${location}?digest=${sha256('half and half')}`)).toMatchObject({
      error: 'DIGEST_INVALID',
    });
  });

  it('mounts blobs between repositories once the account allows it', async () => {
    const { digest } = await pushBlob('app', 'shared layer');
    const mount = `/v2/team/other/blobs/uploads/?mount=${digest}&from=app`;
    expect((await registry('POST', mount)).status).toBe(202);
    await ecr.send(new PutAccountSettingCommand({ name: 'BLOB_MOUNTING', value: 'ENABLED' }));
    expect((await registry('POST', mount)).status).toBe(201);
    expect(await registry('HEAD', `/v2/team/other/blobs/${digest}`)).toMatchObject({ status: 200 });
    const { layers } = await ecr.send(
      new BatchCheckLayerAvailabilityCommand({
        repositoryName: 'team/other',
        layerDigests: [digest, sha256('never')],
      }),
    );
    expect(layers!.map((layer) => layer.layerAvailability)).toEqual(['AVAILABLE', 'UNAVAILABLE']);
  });

  it('keeps blobs that are pushed in parallel', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `parallel ${index}`);
    const blobs = await Promise.all(names.map((name) => pushBlob('app', name)));
    for (const { digest } of blobs)
      expect((await registry('HEAD', `/v2/app/blobs/${digest}`)).status).toBe(200);
  });
});

describe('images', () => {
  it('are retagged by PutImage and deleted by tag or digest', async () => {
    const { digest, manifest } = await pushImage('team/other', 'a', 'to retag');
    const retag = { repositoryName: 'team/other', imageManifest: manifest, imageTag: 'b' };
    await ecr.send(new PutImageCommand(retag));
    expect(await refusal(ecr.send(new PutImageCommand(retag)))).toBe('ImageAlreadyExistsException');
    await ecr.send(
      new BatchDeleteImageCommand({ repositoryName: 'team/other', imageIds: [{ imageTag: 'a' }] }),
    );
    const { imageIds } = await ecr.send(new ListImagesCommand({ repositoryName: 'team/other' }));
    expect(imageIds).toContainEqual({ imageDigest: digest, imageTag: 'b' });
    await ecr.send(
      new BatchDeleteImageCommand({ repositoryName: 'team/other', imageIds: [{ imageDigest: digest }] }),
    );
    const gone = ecr.send(
      new DescribeImagesCommand({ repositoryName: 'team/other', imageIds: [{ imageDigest: digest }] }),
    );
    expect(await refusal(gone)).toBe('ImageNotFoundException');
  });
});

it('refuses an expired token with 403, and a restart keeps tokens, tags and images', async () => {
  const data = mkdtempSync(join(tmpdir(), 'local-aws-ecr-'));
  const first = await startLocalAws({ data, ecrTokenLifetimeMs: -1 });
  const client = connect(first);
  await client.send(new CreateRepositoryCommand({ repositoryName: 'kept' }));
  const expired = await signIn(client);
  const refused = await fetch(`${first.url}/v2/`, { headers: { authorization: expired } });
  expect([refused.status, errorCode(await refused.text())]).toEqual([403, 'DENIED']);
  await first.close();

  const second = await startLocalAws({ data });
  const again = connect(second);
  const token = await signIn(again);
  await second.close();
  const third = await startLocalAws({ data });
  expect((await fetch(`${third.url}/v2/`, { headers: { authorization: token } })).status).toBe(200);
  const { repositories } = await connect(third).send(new DescribeRepositoriesCommand({}));
  expect(repositories!.map((one) => one.repositoryName)).toEqual(['kept']);
  await third.close();
  rmSync(data, { recursive: true });
});

const cli = findProgram('aws');
it.skipIf(!cli)('the aws CLI creates, describes and signs in (skipped without the aws CLI)', async () => {
  const run = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(cli!, args, { env: { ...process.env, ...aws.env } });
    return stdout;
  };
  await run('ecr', 'create-repository', '--repository-name', 'by-cli');
  expect(await run('ecr', 'describe-repositories', '--output', 'text')).toContain('/by-cli');
  const password = (await run('ecr', 'get-login-password')).trim();
  const basic = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
  expect((await fetch(`${aws.url}/v2/`, { headers: { authorization: basic } })).status).toBe(200);
});
