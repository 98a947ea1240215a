import type { ALBResult, APIGatewayProxyResult } from 'aws-lambda';
import { expect, it } from 'vitest';
import { loadBalancer, restApi } from '../../test/events.ts';
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

it('a REST API under a base path of its domain, where the path is longer than the resource', async () => {
  const event = restApi('POST', '/mail/predict', request);
  const proxied = { ...event, pathParameters: { proxy: 'predict' } };
  expect(await handler(proxied)).toMatchObject({ statusCode: 200 });
  expect(await handler({ ...restApi('GET', '/mail'), resource: '/' })).toMatchObject({
    statusCode: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
  });
  expect(await handler({ ...event, resource: '/mail/predict' })).toMatchObject({ statusCode: 404 });
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
