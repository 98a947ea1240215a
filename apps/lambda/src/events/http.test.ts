import type { ALBResult, APIGatewayProxyResult } from 'aws-lambda';
import { expect, it } from 'vitest';
import { loadBalancer, restApi, v2 } from '../../test/events.ts';
import { startHandler } from '../../test/service.ts';

const { handler, manifest } = await startHandler();
const request = '{"text":"Free winner!"}';

it('a REST API', async () => {
  const answer = (await handler(restApi('POST', '/predict', request))) as APIGatewayProxyResult;
  expect(answer).toMatchObject({ statusCode: 200, isBase64Encoded: false });
  expect(answer.headers?.['content-type']).toBe('application/json; charset=utf-8');
  expect(JSON.parse(answer.body)).toMatchObject({ predictions: [{ label: 'spam' }] });
  const event = restApi('POST', '/predict', Buffer.from(request).toString('base64'));
  expect(await handler({ ...event, isBase64Encoded: true })).toMatchObject({ statusCode: 200 });
  expect(await handler(restApi('POST', '/predict'))).toMatchObject({ statusCode: 400 });
  const { headers, ...multiValueOnly } = restApi('POST', '/predict', request);
  expect(headers).toBeDefined();
  const form = { 'Content-Type': ['application/x-www-form-urlencoded'] };
  expect(await handler({ ...multiValueOnly, multiValueHeaders: form })).toMatchObject({ statusCode: 415 });
  const hostile = { a: [{ toString: 1 }, [[]]], 'Content-Type': ['application/json', 1] };
  expect(await handler({ ...multiValueOnly, multiValueHeaders: hostile })).toMatchObject({ statusCode: 200 });
});

it.each([
  ['/{proxy+}', '/predict', { proxy: 'predict' }],
  ['/{proxy+}', '/mail/predict', { proxy: 'predict' }],
  ['/mail/{proxy+}', '/mail/predict/', { proxy: 'predict/' }],
  ['/predict', '/mail/predict', null],
  // An HTTP API, whose stage is prod.
  ['$default', '/prod/predict', null],
])(
  'a REST API where the resource %s gets %s, under a base path of its domain or none',
  async (resource, path, pathParameters) => {
    const event = { ...restApi('POST', path, request), resource, pathParameters };
    expect(await handler(event)).toMatchObject({ statusCode: 200 });
  },
);

it('an HTTP API where a route has a prefix', async () => {
  const event = { ...v2('POST', '/prod/mail/predict', { body: request, stage: 'prod' }) };
  expect(await handler(event)).toMatchObject({ statusCode: 404 });
  const routed = { ...event, routeKey: 'ANY /mail/{proxy+}', pathParameters: { proxy: 'predict' } };
  expect(await handler(routed)).toMatchObject({ statusCode: 200 });
});

it("a REST API's root is the page, also under a base path", async () => {
  const root = { resource: '/', pathParameters: null };
  for (const path of ['/', '/mail'])
    expect(await handler({ ...restApi('GET', path), ...root })).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
    });
});

it.each([false, true])('a load balancer, headers of many values: %s', async (multiValue) => {
  const answer = (await handler(loadBalancer('POST', '/predict/', request, multiValue))) as ALBResult;
  expect(answer).toMatchObject({ statusCode: 200, isBase64Encoded: false });
  expect(JSON.parse(answer.body!)).toMatchObject({
    model: { name: manifest.name },
    predictions: [{ label: 'spam' }],
  });
  const type = 'application/json; charset=utf-8';
  if (multiValue) expect(answer).toMatchObject({ multiValueHeaders: { 'content-type': [type] } });
  else expect(answer).toMatchObject({ headers: { 'content-type': type } });
  expect('headers' in answer).toBe(!multiValue);
  expect(await handler(loadBalancer('DELETE', '/predict', '', multiValue))).toMatchObject({
    statusCode: 405,
  });
});

it("a load balancer's health checks", async () => {
  for (const multiValue of [false, true])
    for (const path of ['/', '/health']) {
      const event = loadBalancer('GET', path, '', multiValue);
      const agent = multiValue
        ? { multiValueHeaders: { 'user-agent': ['ELB-HealthChecker/2.0'] } }
        : { headers: { 'user-agent': 'ELB-HealthChecker/2.0' } };
      expect(await handler({ ...event, ...agent })).toMatchObject({ statusCode: 200 });
    }
});
