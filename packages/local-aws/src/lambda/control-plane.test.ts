import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BatchDeleteImageCommand,
  CreateRepositoryCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  PutImageCommand,
  SetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListAliasesCommand,
  ListFunctionsCommand,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
  waitUntilPublishedVersionActive,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refusal } from '../../test/model-lambda.ts';
import { clientConfig, pushHandler } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

let aws: LocalAws;
let lambda: LambdaClient;
let one: string;
let two: string;
let FunctionName: string;
let made = 0;

beforeAll(async () => {
  aws = await startLocalAws({ delays: { createMs: 5, updateMs: 5, publishMs: 5 } });
  lambda = new LambdaClient(clientConfig(aws));
  one = await pushHandler(aws, { 'index.mjs': 'export const handler = async () => "one";' }, { tag: 'tag' });
  two = await pushHandler(aws, { 'index.mjs': 'export const handler = async () => "two";' });
});
afterAll(async () => {
  lambda.destroy();
  await aws.close();
});

const Role = 'arn:aws:iam::000000000000:role/any';
const wait = { maxWaitTime: 10, minDelay: 0.01, maxDelay: 0.05 };
const create = (extra = {}) =>
  lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      PackageType: 'Image',
      Code: { ImageUri: one },
      Role,
      ...extra,
    }),
  );
const active = () => waitUntilFunctionActiveV2({ client: lambda, ...wait }, { FunctionName });
const updated = () => waitUntilFunctionUpdatedV2({ client: lambda, ...wait }, { FunctionName });
const configuration = (Qualifier?: string) =>
  lambda.send(new GetFunctionConfigurationCommand({ FunctionName, ...(Qualifier && { Qualifier }) }));
const updateCode = (ImageUri: string, extra = {}) =>
  lambda.send(new UpdateFunctionCodeCommand({ FunctionName, ImageUri, ...extra }));
const publish = (extra = {}) => lambda.send(new PublishVersionCommand({ FunctionName, ...extra }));
const answer = async (Qualifier?: string) => {
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, ...(Qualifier && { Qualifier }) }));
  return JSON.parse(Buffer.from(Payload!).toString('utf8'));
};
beforeEach(() => {
  FunctionName = `fn-${made++}`;
});

/** A function with two published versions: 1 answers "one", 2 answers "two". */
async function twoVersions() {
  await create();
  await active();
  await publish();
  await updateCode(two);
  await updated();
  await publish();
  for (const Qualifier of ['1', '2'])
    await waitUntilPublishedVersionActive({ client: lambda, ...wait }, { FunctionName, Qualifier });
}

describe('a new function', () => {
  it('is refused with a bad role, size, variable or image', async () => {
    expect(await refusal(create({ Role: 'me' }))).toEqual(['ValidationException', 400]);
    expect(await refusal(create({ MemorySize: 64 }))).toEqual(['ValidationException', 400]);
    const reserved = { Environment: { Variables: { AWS_REGION: 'x' } } };
    expect(await refusal(create(reserved))).toEqual(['InvalidParameterValueException', 400]);
    for (const ImageUri of [`${one.split('@')[0]}:missing`, `127.0.0.1/none@${one.split('@')[1]}`, 'junk'])
      expect(await refusal(create({ Code: { ImageUri } }))).toEqual(['InvalidParameterValueException', 400]);
    expect(await refusal(configuration())).toEqual(['ResourceNotFoundException', 404]);
  });

  it('keeps what it was given and has Lambda’s defaults for the rest', async () => {
    await create({ Tags: { a: 'b' }, Environment: { Variables: { K: 'v' } }, Timeout: 7 });
    await active();
    const { Configuration, Code, Tags } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    expect(Configuration).toMatchObject({
      FunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`,
      Timeout: 7,
      MemorySize: 128,
      EphemeralStorage: { Size: 512 },
      Architectures: ['x86_64'],
      PackageType: 'Image',
      Environment: { Variables: { K: 'v' } },
      CodeSha256: one.split('sha256:')[1],
    });
    expect(Code).toMatchObject({ ImageUri: one, ResolvedImageUri: one, RepositoryType: 'ECR' });
    expect(Tags).toEqual({ a: 'b' });
    const byArn = await lambda.send(new ListTagsCommand({ Resource: Configuration!.FunctionArn! }));
    expect(byArn.Tags).toEqual({ a: 'b' });
    const { Functions } = await lambda.send(new ListFunctionsCommand({}));
    expect(Functions!.map((fn) => fn.FunctionName)).toContain(FunctionName);
  });
});

describe('an update', () => {
  it('takes a tag as the digest it means at that moment', async () => {
    await create({ Code: { ImageUri: `${one.split('@')[0]}:tag` } });
    await active();
    const { Code } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    expect(Code!.ResolvedImageUri).toBe(one);
    await pushHandler(aws, { 'index.mjs': 'export const handler = async () => "three";' }, { tag: 'tag' });
    expect(await answer()).toBe('one');
  });

  it('checks the revision id, which every change and every settled state moves', async () => {
    const pending = await create();
    await active();
    const { RevisionId } = await configuration();
    expect(RevisionId).not.toBe(pending.RevisionId);
    expect(await refusal(updateCode(two, { RevisionId: pending.RevisionId }))).toEqual([
      'PreconditionFailedException',
      412,
    ]);
    await updateCode(two, { RevisionId });
    await updated();
    expect((await configuration()).RevisionId).not.toBe(RevisionId);
  });

  it('changes nothing as a dry run, and only what it names as a configuration', async () => {
    await create({ Timeout: 7, Environment: { Variables: { K: 'v' } } });
    await active();
    const dry = await updateCode(two, { DryRun: true });
    expect(dry.CodeSha256).toBe(two.split('sha256:')[1]);
    expect((await configuration()).CodeSha256).toBe(one.split('sha256:')[1]);
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize: 512 }));
    await updated();
    expect(await configuration()).toMatchObject({
      MemorySize: 512,
      Timeout: 7,
      Environment: { Variables: { K: 'v' } },
    });
  });
});

describe('versions', () => {
  it('are numbered, frozen, and not made again when nothing changed', async () => {
    await create({ Description: 'the function' });
    await active();
    expect(await publish({ Description: 'first' })).toMatchObject({ Version: '1' });
    await waitUntilPublishedVersionActive({ client: lambda, ...wait }, { FunctionName, Qualifier: '1' });
    expect(await publish({ Description: 'again' })).toMatchObject({ Version: '1', Description: 'first' });
    const wrong = publish({ CodeSha256: createHash('sha256').update('x').digest('hex') });
    expect(await refusal(wrong)).toEqual(['InvalidParameterValueException', 400]);
    await updateCode(two);
    await updated();
    expect((await publish()).Version).toBe('2');
    await waitUntilPublishedVersionActive({ client: lambda, ...wait }, { FunctionName, Qualifier: '2' });
    expect([await answer('1'), await answer('2'), await answer()]).toEqual(['one', 'two', 'two']);
    const { Versions } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName }));
    expect(Versions!.map((one) => one.Version)).toEqual(['$LATEST', '1', '2']);
    expect(Versions![1]!.FunctionArn).toMatch(/:1$/);
    const page = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName, MaxItems: 2 }));
    const rest = await lambda.send(
      new ListVersionsByFunctionCommand({ FunctionName, Marker: page.NextMarker! }),
    );
    expect([...page.Versions!, ...rest.Versions!].map((one) => one.Version)).toEqual(['$LATEST', '1', '2']);
  });
});

describe('aliases', () => {
  it('move between versions, guarded by their own revision id', async () => {
    await twoVersions();
    const alias = { FunctionName, Name: 'live' };
    const made = await lambda.send(new CreateAliasCommand({ ...alias, FunctionVersion: '1' }));
    expect(await refusal(lambda.send(new CreateAliasCommand({ ...alias, FunctionVersion: '1' })))).toEqual([
      'ResourceConflictException',
      409,
    ]);
    expect(await answer('live')).toBe('one');
    const moved = await lambda.send(
      new UpdateAliasCommand({ ...alias, FunctionVersion: '2', RevisionId: made.RevisionId! }),
    );
    expect(await answer('live')).toBe('two');
    const stale = new UpdateAliasCommand({ ...alias, FunctionVersion: '1', RevisionId: made.RevisionId! });
    expect(await refusal(lambda.send(stale))).toEqual(['PreconditionFailedException', 412]);
    const missing = new UpdateAliasCommand({ ...alias, FunctionVersion: '9' });
    expect(await refusal(lambda.send(missing))).toEqual(['ResourceNotFoundException', 404]);
    expect((await lambda.send(new GetAliasCommand(alias))).RevisionId).toBe(moved.RevisionId);
    const inUse = lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '2' }));
    expect(await refusal(inUse)).toEqual(['ResourceConflictException', 409]);
    const { Aliases } = await lambda.send(new ListAliasesCommand({ FunctionName, FunctionVersion: '2' }));
    expect(Aliases!.map(({ Name }) => Name)).toEqual(['live']);
    await lambda.send(new DeleteAliasCommand(alias));
    expect(await refusal(lambda.send(new GetAliasCommand(alias)))).toEqual([
      'ResourceNotFoundException',
      404,
    ]);
    await lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '1' }));
    expect(await refusal(answer('1'))).toEqual(['ResourceNotFoundException', 404]);
  });

  it('split traffic by weight between two published versions', async () => {
    await twoVersions();
    const alias = { FunctionName, Name: 'canary', FunctionVersion: '1' };
    const weigh = (AdditionalVersionWeights: Record<string, number>) =>
      lambda.send(new UpdateAliasCommand({ ...alias, RoutingConfig: { AdditionalVersionWeights } }));
    await lambda.send(new CreateAliasCommand(alias));
    await weigh({ 2: 1 });
    expect(await answer('canary')).toBe('two');
    await weigh({ 2: 0 });
    expect(await answer('canary')).toBe('one');
    await weigh({ 2: 0.5 });
    const seen = new Set<string>();
    while (seen.size < 2) seen.add(await answer('canary'));
    expect(await refusal(weigh({ $LATEST: 0.5 }))).toEqual(['InvalidParameterValueException', 400]);
    expect(await refusal(weigh({ 1: 0.5 }))).toEqual(['InvalidParameterValueException', 400]);
    expect(await refusal(weigh({ 2: 2 }))).toEqual(['InvalidParameterValueException', 400]);
    await weigh({});
    expect((await lambda.send(new GetAliasCommand(alias))).RoutingConfig).toBeUndefined();
  });
});

it('reserved concurrency of 0 throttles every call', async () => {
  await create();
  await active();
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
  expect(await refusal(answer())).toEqual(['TooManyRequestsException', 429]);
});

describe('an image', () => {
  let ecr: ECRClient;
  beforeAll(() => {
    ecr = new ECRClient(clientConfig(aws));
  });
  afterAll(() => ecr.destroy());

  /** Pushes an image whose layers are of any type and content, by hand. */
  async function pushRaw(repositoryName: string, mediaType: string, content: Buffer) {
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const headers = { authorization: `Basic ${authorizationData![0]!.authorizationToken}` };
    const blob = async (type: string, bytes: Buffer) => {
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const base = `${aws.url}/v2/${repositoryName}/blobs/uploads/`;
      const { headers: started } = await fetch(base, { method: 'POST', headers });
      const location = new URL(`${started.get('location')}?digest=${digest}`, aws.url);
      expect((await fetch(location, { method: 'PUT', headers, body: Uint8Array.from(bytes) })).status).toBe(
        201,
      );
      return { mediaType: type, digest, size: bytes.length };
    };
    const rootfs = { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] };
    const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs }));
    const imageManifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: await blob('application/vnd.oci.image.config.v1+json', config),
      layers: [await blob(mediaType, content)],
    });
    await ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'v1' }));
    return `127.0.0.1:${aws.port}/${repositoryName}:v1`;
  }

  /** What the tar program makes of a folder with var/task/index.mjs in it. */
  function tar(...args: string[]): Buffer {
    const folder = mkdtempSync(join(tmpdir(), 'local-aws-tar-'));
    mkdirSync(join(folder, 'var/task'), { recursive: true });
    writeFileSync(join(folder, 'var/task/index.mjs'), 'export const handler = async () => 1;');
    const { stdout } = spawnSync('tar', ['-c', '-C', folder, ...args]);
    rmSync(folder, { recursive: true });
    return stdout;
  }

  async function failure() {
    await expect.poll(async () => (await configuration()).State, { timeout: 10_000 }).toBe('Failed');
    const { StateReasonCode, StateReason } = await configuration();
    return [StateReasonCode, StateReason];
  }

  it('whose layer is not gzipped, or is no archive at all, makes the function Failed', async () => {
    const plain = await pushRaw('plain', 'application/vnd.oci.image.layer.v1.tar', tar('.'));
    await create({ Code: { ImageUri: plain } });
    expect(await failure()).toEqual(['InvalidImage', expect.stringMatching(/UnsupportedImageLayerDetected/)]);
    FunctionName += '-b';
    const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip';
    const broken = await pushRaw('broken', gzip, Buffer.from('1f8b0800000000000003deadbeef', 'hex'));
    await create({ Code: { ImageUri: broken } });
    expect(await failure()).toEqual(['InvalidImage', expect.any(String)]);
  });

  it('whose layer lacks a folder’s entry makes the function Failed, though docker would run it', async () => {
    const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip';
    await create({
      Code: { ImageUri: await pushRaw('orphans', gzip, tar('-z', '--no-recursion', 'var/task/index.mjs')) },
    });
    expect(await failure()).toEqual([
      'InvalidImage',
      expect.stringMatching(/^MissingParentDirectory: .*index\.mjs/),
    ]);
  });

  it('for another architecture than the function’s fails to start', async () => {
    await create({ Architectures: ['arm64'] });
    await active();
    const { FunctionError, Payload } = await lambda.send(new InvokeCommand({ FunctionName }));
    expect(FunctionError).toBe('Unhandled');
    expect(JSON.parse(Buffer.from(Payload!).toString('utf8'))).toMatchObject({
      errorType: 'Runtime.InvalidEntrypoint',
      errorMessage: expect.stringContaining('exec format error'),
    });
  });

  it('that was deleted fails the next update to it, and the old one goes on serving', async () => {
    const ImageUri = await pushHandler(
      aws,
      { 'index.mjs': 'export const handler = async () => "short-lived";' },
      { repository: 'short-lived' },
    );
    await create();
    await active();
    await ecr.send(
      new BatchDeleteImageCommand({
        repositoryName: 'short-lived',
        imageIds: [{ imageDigest: ImageUri.split('@')[1] }],
      }),
    );
    expect(await refusal(updateCode(ImageUri))).toEqual(['InvalidParameterValueException', 400]);
    expect(await answer()).toBe('one');
  });

  it('that the repository’s policy denies to Lambda is AccessDenied', async () => {
    const ImageUri = await pushHandler(
      aws,
      { 'index.mjs': 'export const handler = async () => "denied";' },
      { repository: 'denied' },
    );
    const Statement = [
      { Effect: 'Deny', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'ecr:BatchGetImage' },
    ];
    await ecr.send(
      new SetRepositoryPolicyCommand({ repositoryName: 'denied', policyText: JSON.stringify({ Statement }) }),
    );
    expect(await refusal(create({ Code: { ImageUri } }))).toEqual(['AccessDeniedException', 403]);
  });

  it('index is refused, as Lambda refuses what buildx makes by default', async () => {
    await ecr.send(new CreateRepositoryCommand({ repositoryName: 'indexed' }));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] });
    await ecr.send(new PutImageCommand({ repositoryName: 'indexed', imageManifest, imageTag: 'v1' }));
    const refused = create({ Code: { ImageUri: `127.0.0.1:${aws.port}/indexed:v1` } });
    await expect(refused).rejects.toThrow(/media type for the source image .*indexed:v1 is not supported/);
  });
});
