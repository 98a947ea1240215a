import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  type FunctionUrlAuthType,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  LambdaClient,
  PublishVersionCommand,
  RemovePermissionCommand,
  UpdateFunctionUrlConfigCommand,
  waitUntilFunctionActiveV2,
  waitUntilPublishedVersionActive,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../test/find-program.ts';
import { clientConfig, pushHandler } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

/** Answers with the event, or with whatever the body asks for. */
const handler = `
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event.rawPath.startsWith('/stream')) {
    const metadata = { statusCode: 202, headers: { 'X-From': 'stream', 'content-type': 'text/plain' } };
    const out = awslambda.HttpResponseStream.from(stream, metadata);
    for (const word of ['one ', 'two ']) {
      out.write(word);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (event.rawPath === '/stream-and-break') throw new Error('in the middle');
    out.end('three');
    return;
  }
  stream.setContentType('application/json');
  stream.end(JSON.stringify(await answer(event)));
});
const answer = async (event) => {
  const body = event.isBase64Encoded ? Buffer.from(event.body, 'base64').toString() : event.body;
  if (event.rawPath === '/as-is') return JSON.parse(body);
  if (event.rawPath === '/throw') throw new Error('a secret detail');
  return { statusCode: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ ...event, body }) };
};`;

let aws: LocalAws;
let lambda: LambdaClient;
const FunctionName = 'web';
const Qualifier = 'live';

beforeAll(async () => {
  aws = await startLocalAws({ delays: { createMs: 1, updateMs: 1, publishMs: 1 } });
  lambda = new LambdaClient(clientConfig(aws));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      PackageType: 'Image',
      Code: { ImageUri: await pushHandler(aws, { 'index.mjs': handler }) },
      Role: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  const wait = { client: lambda, maxWaitTime: 10, minDelay: 0.01 };
  await waitUntilFunctionActiveV2(wait, { FunctionName });
  await lambda.send(new PublishVersionCommand({ FunctionName }));
  await waitUntilPublishedVersionActive(wait, { FunctionName, Qualifier: '1' });
  await lambda.send(new CreateAliasCommand({ FunctionName, Name: Qualifier, FunctionVersion: '1' }));
});
afterAll(async () => {
  lambda.destroy();
  await aws.close();
});

async function makeUrl(AuthType: FunctionUrlAuthType): Promise<string> {
  const made = await lambda.send(new CreateFunctionUrlConfigCommand({ FunctionName, Qualifier, AuthType }));
  return made.FunctionUrl!;
}

const grant = (StatementId: string, extra: { Action: string; [other: string]: unknown }) =>
  lambda.send(new AddPermissionCommand({ FunctionName, Qualifier, StatementId, Principal: '*', ...extra }));

describe('an open URL', () => {
  let url: string;
  beforeAll(async () => {
    url = await makeUrl('NONE');
  });
  const send = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), { method: 'POST', ...init });

  it('is closed until both permissions are given, as AWS demands since October 2025', async () => {
    expect(url).toMatch(new RegExp(`^${aws.url}/lambda-url/[a-z0-9]+/$`));
    expect((await fetch(url)).status).toBe(403);
    await grant('url', { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' });
    expect((await fetch(url)).status).toBe(403);
    await grant('invoke', { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true });
    expect((await fetch(url)).status).toBe(200);
    const { Policy } = await lambda.send(new GetPolicyCommand({ FunctionName, Qualifier }));
    expect(JSON.parse(Policy!).Statement).toHaveLength(2);
    expect(JSON.parse(Policy!).Statement[0]).toMatchObject({
      Principal: '*',
      Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } },
    });
  });

  it('hands the request over as an HTTP API event of format 2.0, the prefix left out of the path', async () => {
    const answer = await send('some/path%20x?a=1&a=2&b=%C3%BC', {
      body: '{"text":"ü"}',
      headers: { 'content-type': 'application/json', cookie: 'one=1; two=2', 'x-custom': 'yes' },
    });
    const event = await answer.json();
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/some/path x',
      rawQueryString: 'a=1&a=2&b=%C3%BC',
      queryStringParameters: { a: '1,2', b: 'ü' },
      cookies: ['one=1', 'two=2'],
      headers: { 'content-type': 'application/json', 'x-custom': 'yes' },
      requestContext: { http: { method: 'POST', path: '/some/path x', sourceIp: '127.0.0.1' } },
      body: '{"text":"ü"}',
      isBase64Encoded: false,
    });
    expect(event.headers.cookie).toBeUndefined();
    expect(event.requestContext.time).toMatch(/^\d{2}\/\w{3}\/\d{4}:[\d:]{8} \+0000$/);
  });

  it('sends what is not text as base64, both ways', async () => {
    const bytes = Buffer.from([0, 255, 1, 254]);
    const answer = await send('', { body: bytes, headers: { 'content-type': 'application/octet-stream' } });
    expect(await answer.json()).toMatchObject({ isBase64Encoded: true });
    const binary = { statusCode: 201, isBase64Encoded: true, body: bytes.toString('base64') };
    const back = await send('as-is', { body: JSON.stringify(binary) });
    expect([back.status, Buffer.from(await back.arrayBuffer())]).toEqual([201, bytes]);
  });

  it('reads every answer as Lambda does: status and cookies, plain JSON, errors', async () => {
    const asIs = (body: unknown) => send('as-is', { body: JSON.stringify(body) });
    const full = await asIs({
      statusCode: 418,
      headers: { 'X-A': 'b' },
      cookies: ['c=1', 'd=2'],
      body: 'tea',
    });
    expect([full.status, full.headers.get('x-a'), full.headers.getSetCookie(), await full.text()]).toEqual([
      418,
      'b',
      ['c=1', 'd=2'],
      'tea',
    ]);
    const plain = await asIs({ answer: 42 });
    expect([plain.status, plain.headers.get('content-type'), await plain.text()]).toEqual([
      200,
      'application/json',
      '{"answer":42}',
    ]);
    const failed = await send('throw');
    expect([failed.status, await failed.text()]).toEqual([502, 'Internal Server Error']);
  });

  it('takes a streamed answer with its status and headers, sent in pieces by the real runtime client', async () => {
    const answer = await send('stream');
    expect([answer.status, answer.headers.get('x-from'), answer.headers.get('content-type')]).toEqual([
      202,
      'stream',
      'text/plain',
    ]);
    expect(await answer.text()).toBe('one two three');
    expect((await send('stream-and-break')).status).toBe(502);
  });

  it('answers browsers of the origins it was told to allow', async () => {
    const Cors = { AllowOrigins: ['https://a.example'], AllowMethods: ['POST'], MaxAge: 60 };
    await lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName, Qualifier, Cors }));
    const { Cors: kept } = await lambda.send(new GetFunctionUrlConfigCommand({ FunctionName, Qualifier }));
    expect(kept).toMatchObject(Cors);
    const preflight = await send('', {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
    });
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-methods': 'POST',
      'access-control-max-age': '60',
    });
    const allowed = await send('', { headers: { origin: 'https://a.example' } });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://a.example');
    const other = await send('', { headers: { origin: 'https://b.example' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('refuses a path that is no path, and a body of more than 6 MB', async () => {
    expect((await fetch(`${url}%zz`)).status).toBe(400);
    expect((await send('', { body: 'x'.repeat(6 * 1024 * 1024 + 1) })).status).toBe(413);
  });

  it('closes when a permission or the URL goes, and opens for nobody who guesses', async () => {
    await lambda.send(new RemovePermissionCommand({ FunctionName, Qualifier, StatementId: 'invoke' }));
    expect((await fetch(url)).status).toBe(403);
    await lambda.send(new DeleteFunctionUrlConfigCommand({ FunctionName, Qualifier }));
    expect((await fetch(url)).status).toBe(403);
    const missing = lambda.send(new GetFunctionUrlConfigCommand({ FunctionName, Qualifier }));
    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect((await fetch(`${aws.url}/lambda-url/guess/`)).status).toBe(403);
  });
});

const curl = findProgram('curl');
it.skipIf(!curl)(
  'a URL with AWS_IAM wants a signature, such as curl makes (skipped without curl)',
  async () => {
    const url = await makeUrl('AWS_IAM');
    expect((await fetch(url)).status).toBe(403);
    const signed = async (secret: string) => {
      const user = `${aws.credentials.accessKeyId}:${secret}`;
      const args = ['--silent', '--aws-sigv4', 'aws:amz:us-east-1:lambda', '--user', user, `${url}a/b?c=d`];
      return JSON.parse((await promisify(execFile)(curl!, args)).stdout);
    };
    expect(await signed(aws.credentials.secretAccessKey)).toMatchObject({
      rawPath: '/a/b',
      requestContext: { accountId: '000000000000' },
    });
    expect(await signed('wrong')).toMatchObject({ Message: expect.stringContaining('signature') });
  },
);
