import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { LambdaClient, ListFunctionsCommand, PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../test/find-program.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

let aws: LocalAws;
beforeAll(async () => {
  aws = await startLocalAws({ buckets: ['signed'] });
});
afterAll(() => aws.close());

type Keys = LocalAws['credentials'];

const config = (credentials: Keys, extra = {}) => ({
  endpoint: aws.url,
  region: aws.region,
  maxAttempts: 1,
  credentials,
  ...extra,
});

const calls: Record<string, (keys: Keys, extra?: object) => Promise<unknown>> = {
  s3: (keys, extra) => new S3Client(config(keys, extra)).send(new ListBucketsCommand({})),
  ecr: (keys, extra) => new ECRClient(config(keys, extra)).send(new GetAuthorizationTokenCommand({})),
  lambda: (keys, extra) => new LambdaClient(config(keys, extra)).send(new ListFunctionsCommand({})),
};

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('expected a refusal'),
    (error: Error) => error.name,
  );

describe.each([
  ['s3', 'SignatureDoesNotMatch', 'InvalidAccessKeyId', 'RequestTimeTooSkewed'],
  ['ecr', 'InvalidSignatureException', 'UnrecognizedClientException', 'InvalidSignatureException'],
  ['lambda', 'InvalidSignatureException', 'UnrecognizedClientException', 'InvalidSignatureException'],
])('%s', (service, mismatch, unknownKey, expired) => {
  const call = calls[service]!;

  it('accepts the official client’s signature', async () => {
    await call(aws.credentials);
  });

  it('refuses a wrong secret, an unknown key and an old clock, in the service’s own words', async () => {
    expect(await refusal(call({ ...aws.credentials, secretAccessKey: 'wrong' }))).toBe(mismatch);
    expect(await refusal(call({ ...aws.credentials, accessKeyId: 'AKIANOBODY' }))).toBe(unknownKey);
    expect(await refusal(call(aws.credentials, { systemClockOffset: -20 * 60_000 }))).toBe(expired);
  });
});

it('refuses requests without a signature', async () => {
  expect((await fetch(`${aws.url}/signed/key`)).status).toBe(403);
  expect((await fetch(`${aws.url}/2015-03-31/functions`)).status).toBe(403);
  const target = { 'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories' };
  expect((await fetch(aws.url, { method: 'POST', headers: target, body: '{}' })).status).toBe(403);
});

it('notices a query or a body that was changed on its way', async () => {
  interface Sent {
    query: Record<string, string>;
    body: unknown;
  }
  let tamper = (_request: Sent) => {};
  const client = new LambdaClient(config(aws.credentials));
  client.middlewareStack.add(
    (next) => (args) => {
      tamper(args.request as Sent);
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const list = () => client.send(new ListFunctionsCommand({ MaxItems: 5 }));
  const limit = () =>
    client.send(new PutFunctionConcurrencyCommand({ FunctionName: 'none', ReservedConcurrentExecutions: 1 }));
  await list();
  expect(await refusal(limit())).toBe('ResourceNotFoundException');
  tamper = (request) => {
    request.query.MaxItems = '6';
  };
  expect(await refusal(list())).toBe('InvalidSignatureException');
  tamper = (request) => {
    request.body = '{"ReservedConcurrentExecutions":2}';
  };
  expect(await refusal(limit())).toBe('InvalidSignatureException');
});

it('takes keys and queries with any character, signed as S3 signs them', async () => {
  const client = new S3Client(config(aws.credentials));
  for (const Key of ['a b', 'ü/模型', "!'()*~", '100%', 'a+b=c&d', '//double', 'q?x'])
    await client.send(new PutObjectCommand({ Bucket: 'signed', Key, Body: Key }));
  const back = await client.send(new GetObjectCommand({ Bucket: 'signed', Key: "!'()*~" }));
  expect(await back.Body!.transformToString()).toBe("!'()*~");
});

const cli = findProgram('aws');
it.skipIf(!cli)('takes a presigned URL until it is tampered with (skipped without the aws CLI)', async () => {
  const client = new S3Client(config(aws.credentials));
  await client.send(new PutObjectCommand({ Bucket: 'signed', Key: 'a b', Body: 'shared' }));
  // This CLI's default for presigning is still version 2, which S3 has given up.
  const folder = mkdtempSync(join(tmpdir(), 'local-aws-presign-'));
  writeFileSync(join(folder, 'config'), '[default]\ns3 =\n  signature_version = s3v4\n');
  const env = { ...process.env, ...aws.env, AWS_CONFIG_FILE: join(folder, 'config') };
  const args = ['s3', 'presign', 's3://signed/a b', '--expires-in', '60'];
  const { stdout } = await promisify(execFile)(cli!, args, { env });
  rmSync(folder, { recursive: true });
  const url = stdout.trim();
  expect(await (await fetch(url)).text()).toBe('shared');
  expect((await fetch(url.replace('a%20b', 'other'))).status).toBe(403);
  expect((await fetch(url.replace('Expires=60', 'Expires=600'))).status).toBe(403);
});
