import { gzipSync } from 'node:zlib';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { v2 } from '../../test/events.ts';
import { startHandler } from '../../test/service.ts';

const { handler, manifest } = await startHandler();
const { name, version } = manifest;

/** Sends an event and opens the body of its HTTP response. */
async function http(...request: Parameters<typeof v2>) {
  const response = (await handler(v2(...request))) as APIGatewayProxyStructuredResultV2;
  const body = response.body ?? '';
  const isJson = `${response.headers?.['content-type']}`.startsWith('application/json') && body !== '';
  return { ...response, body: isJson ? JSON.parse(body) : body };
}
const post = (json: unknown) => http('POST', '/predict', { body: JSON.stringify(json) });

const spam = {
  label: 'spam',
  score: expect.closeTo(0.9627, 4),
  scores: { ham: expect.closeTo(0.0373, 4), spam: expect.closeTo(0.9627, 4) },
  truncated: false,
};
const answer = { model: { name, version }, predictions: [spam] };

describe('POST /predict', () => {
  it('answers one text, many, and a base64 body', async () => {
    expect(await post({ text: 'Free winner!' })).toMatchObject({ statusCode: 200, body: answer });
    const many = await post({ texts: ['meeting notes', 'Free winner!'] });
    expect(many.body.predictions).toEqual([expect.objectContaining({ label: 'ham' }), spam]);
    const body = Buffer.from('{"text":"Free winner!"}').toString('base64');
    expect(await http('POST', '/predict', { body, isBase64Encoded: true })).toMatchObject({ body: answer });
  });

  it.each([
    ['/predict/', {}],
    ['/predict//', {}],
    ['/prod/predict', { stage: 'prod' }],
  ])('at %s', async (path, more) => {
    const body = '{"text":"Free winner!"}';
    expect(await http('POST', path, { body, ...more })).toMatchObject({ statusCode: 200, body: answer });
  });

  it('a text of 1 MB is cut to what the model reads, and the answer says so', async () => {
    const { statusCode, body } = await post({ text: 'free '.repeat(200_000) });
    expect(statusCode).toBe(200);
    expect(body.predictions[0].truncated).toBe(true);
  });

  it.each([
    [400, 'invalid_json', { body: '{"text": ' }],
    [400, 'invalid_json', {}],
    [
      400,
      'invalid_json',
      { body: Buffer.from('{"text":"\xff"}', 'latin1').toString('base64'), isBase64Encoded: true },
    ],
    [413, 'too_large', { body: JSON.stringify({ text: 'é'.repeat(600_000) }) }],
    [413, 'too_large', { body: JSON.stringify({ texts: Array(5).fill('a') }) }],
    [413, 'too_large', { body: ' '.repeat(5_300_000) }],
    [
      415,
      'unsupported_media_type',
      { body: 'text=a', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
    ],
    [
      415,
      'unsupported_media_type',
      { body: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
    ],
    [
      415,
      'unsupported_media_type',
      {
        body: gzipSync('{"text":"a"}').toString('base64'),
        isBase64Encoded: true,
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      },
    ],
    [415, 'unsupported_media_type', { body: 'a', headers: { 'content-type': 'text/plain' } }],
    [400, 'invalid_json', { body: '[{"a":'.repeat(500_000) }],
    [413, 'too_large', { body: Buffer.alloc(5_300_000).toString('base64'), isBase64Encoded: true }],
    [413, 'too_large', { body: JSON.stringify({ texts: Array(1_000_000).fill('') }) }],
    [422, 'invalid_request', { body: `{"text":${'['.repeat(500_000)}${']'.repeat(500_000)}}` }],
    [422, 'invalid_request', { body: 'null' }],
    [422, 'invalid_request', { body: '{"text":null}' }],
    [422, 'invalid_request', { body: '{"__proto__":{"text":"a"}}' }],
    [422, 'invalid_request', { body: '[]' }],
    [422, 'invalid_request', { body: '{"text": ""}' }],
  ])('%i %s', async (statusCode, code, more) => {
    const response = await http('POST', '/predict', more);
    expect(response).toMatchObject({
      statusCode,
      body: { error: { code, message: expect.stringMatching(/\.$/) } },
    });
  });

  it('reads what JSON allows: a byte order mark, half a surrogate pair, keys twice or of any name', async () => {
    const bodies = [
      '\ufeff{"text":"a"}',
      '{"text":"\\ud800 free"}',
      '{"text":1,"text":"a"}',
      '{"__proto__":[],"constructor":1,"text":"a"}',
    ];
    for (const body of bodies)
      for (const more of [{ body }, { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }])
        expect(await http('POST', '/predict', more)).toMatchObject({ statusCode: 200 });
  });

  it('reads JSON by any of its types', async () => {
    for (const type of ['application/json; charset=UTF-8', 'application/vnd.mainline+json', undefined]) {
      const headers: Record<string, string> = type ? { 'Content-Type': type } : {};
      expect(await http('POST', '/predict', { body: '{"text":"a"}', headers })).toMatchObject({
        statusCode: 200,
      });
    }
  });
});

describe('the other routes', () => {
  it('GET /health and GET /model', async () => {
    expect((await http('GET', '/health')).body).toEqual({ status: 'ok', model: { name, version } });
    expect((await http('GET', '/model/')).body).toEqual(manifest);
  });

  it('GET /report is the page that the bundle brings', async () => {
    expect(await http('GET', '/report')).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: expect.stringContaining('How good it is'),
    });
  });

  it('GET / is a page that names the model and runs nothing but its own script', async () => {
    const { headers, body } = await http('GET', '/');
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8' });
    expect(headers?.['content-security-policy']).toContain("default-src 'none'");
    expect(body).toContain(version);
    expect(body).toContain('<label for="text">');
  });

  it('HEAD is GET without a body, OPTIONS lets browsers of other origins in', async () => {
    expect(await http('HEAD', '/health')).toMatchObject({ statusCode: 200, body: '' });
    const { statusCode, headers } = await http('OPTIONS', '/predict');
    expect(statusCode).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'OPTIONS, POST',
      'access-control-allow-headers': 'content-type',
    });
  });

  it.each([
    ['*', 'https://a.example', '*'],
    ['', 'https://a.example', undefined],
    ['https://a.example', 'https://b.example', 'https://a.example'],
    ['https://a.example, https://b.example', 'https://b.example', 'https://b.example'],
    ['https://a.example, https://b.example', 'https://c.example', undefined],
    ['https://a.example, https://b.example', undefined, undefined],
  ])('ALLOW_ORIGIN=%j is told to %j as %j, whatever the answer is', async (allowOrigin, origin, told) => {
    const { handler } = await startHandler({ allowOrigin });
    const headers = { 'content-type': 'application/json', ...(origin && { Origin: origin }) };
    for (const [method, path] of [
      ['OPTIONS', '/predict'],
      ['POST', '/predict'],
      ['GET', '/health'],
      ['GET', '/nothing'],
    ] as const) {
      const answer = (await handler(v2(method, path, { headers }))) as APIGatewayProxyStructuredResultV2;
      expect(answer.headers?.['access-control-allow-origin']).toBe(told);
      // A cache must not give one origin what another was told.
      expect(answer.headers?.vary).toBe(allowOrigin.includes(',') ? 'origin' : undefined);
    }
  });

  it('404 for other paths, 405 with what is allowed for other methods', async () => {
    expect(await http('GET', '/predictions')).toMatchObject({
      statusCode: 404,
      body: { error: { code: 'not_found' } },
    });
    expect(await http('GET', '/constructor')).toMatchObject({ statusCode: 404 });
    expect(await http('GET', '/predict')).toMatchObject({
      statusCode: 405,
      headers: { allow: 'OPTIONS, POST' },
    });
    expect(await http('toString', '/predict')).toMatchObject({ statusCode: 405 });
  });
});
