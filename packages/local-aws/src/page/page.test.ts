import { request } from 'node:http';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PublishVersionCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientConfig, pushHandler } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';
import { html } from './html.ts';

let aws: LocalAws;
beforeAll(async () => {
  aws = await startLocalAws({ buckets: ['my-models'], delays: { createMs: 1, publishMs: 1 } });
});
afterAll(() => aws.close());

it('shows functions, versions, aliases, images, buckets, invocations and logs', async () => {
  const lambda = new LambdaClient(clientConfig(aws));
  const fn = { FunctionName: 'shown' };
  const source = `export const handler = async () => { console.log('<script>said</script>'); };`;
  await lambda.send(
    new CreateFunctionCommand({
      ...fn,
      PackageType: 'Image',
      Code: { ImageUri: await pushHandler(aws, { 'index.mjs': source }, { repository: 'spam', tag: 'v7' }) },
      Role: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 10, minDelay: 0.01 }, fn);
  await lambda.send(new PublishVersionCommand({ ...fn, Description: '<b>bold</b> & true' }));
  await lambda.send(new CreateAliasCommand({ ...fn, Name: 'live', FunctionVersion: '1' }));
  await lambda.send(new InvokeCommand({ ...fn, LogType: 'Tail' }));
  lambda.destroy();
  const page = await (await fetch(aws.url)).text();
  for (const text of ['shown', 'Active', 'live', 'spam', 'v7', 'my-models', 'ok', '/aws/lambda/shown'])
    expect(page).toContain(text);
  expect(page).toContain('&lt;b&gt;bold&lt;/b&gt; &amp; true');
  expect(page).toContain(`export AWS_ENDPOINT_URL=${aws.url}`);
  const link = page.match(/href="(\/_local\/logs\?[^"]+)"/)![1]!.replaceAll('&amp;', '&');
  const log = await (await fetch(aws.url + link)).text();
  expect(log).toContain('&lt;script&gt;said&lt;/script&gt;');
  expect(log).toContain('REPORT RequestId');
});

it('answers a missing log with 404, and another host name with 403', async () => {
  expect((await fetch(`${aws.url}/_local/logs?group=a&stream=b`)).status).toBe(404);
  const status = await new Promise((resolve) =>
    request(aws.url, { headers: { host: 'evil.example' } }, (response) => resolve(response.statusCode)).end(),
  );
  expect(status).toBe(403);
});

it('a template escapes what it is given', () => {
  expect(html`<a title="${'"><i>'}">${[html`<b>${'&'}</b>`]}${1}</a>`.text).toBe(
    '<a title="&quot;&gt;&lt;i&gt;"><b>&amp;</b>1</a>',
  );
});
