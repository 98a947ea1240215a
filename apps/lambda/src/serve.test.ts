import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { startHandler, written } from '../test/service.ts';
import { readLimits } from './limits.ts';
import { serve } from './serve.ts';

const { handler, logged } = await startHandler({ limits: readLimits({ MAX_BODY_BYTES: '100000' }) });
const serving = await serve(handler, 0, 100_000);
afterAll(() => serving.stop());
const url = (path: string, port = serving.port) => `http://127.0.0.1:${port}${path}`;
const post = (body: string) =>
  fetch(url('/predict?a=b'), { method: 'POST', body, headers: { 'content-type': 'application/json' } });

it('answers over HTTP what the function answers', async () => {
  const response = await post('{"text":"Free winner!"}');
  expect(response.status).toBe(200);
  expect(response.headers.get('server-timing')).toMatch(/^tokenize;dur=/);
  expect(await response.json()).toMatchObject({ predictions: [{ label: 'spam' }] });
  expect((await fetch(url('/health'), { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(url('/'))).headers.get('content-type')).toContain('text/html');
  expect((await post('{')).status).toBe(400);
  expect((await fetch(url('/nothing'))).status).toBe(404);
});

it('a body over the limit is refused by the function too, and not kept', async () => {
  const response = await post(JSON.stringify({ text: 'a'.repeat(50_000_000) }));
  expect(response.status).toBe(413);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  const message = 'The body has more than 100000 bytes.';
  expect(await response.json()).toEqual({ error: { code: 'too_large', message } });
  await written();
  expect(logged.at(-1)).toMatchObject({ route: '/predict', status: 413 });
});

/** What comes back for a request as it is written. */
function exchange(head: string, port = serving.port): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${head}\r\nhost: a\r\nconnection: close\r\n\r\n`);
  return text(socket);
}

it.each([
  ['GET http://example.com/health?a=b HTTP/1.1', 200],
  ['GET http://example.com HTTP/1.1', 200],
  ['OPTIONS * HTTP/1.1', 404],
  ['GET /../predict HTTP/1.1', 404],
  ['GET //health HTTP/1.1', 404],
  ['GET /%68ealth HTTP/1.1', 404],
  ['BREW /health HTTP/1.1', 400],
  ['GET /health HTTP/1.1\r\nlong: '.padEnd(20_000, 'a'), 431],
])('%s', async (head, status) => {
  expect(await exchange(head)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
});

it('the log has the ids of a request, if they are ids, and its own otherwise', async () => {
  const trace = 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0';
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const ids: unknown[] = [];
  for (const headers of [
    { 'x-request-id': 'a-1', 'x-amzn-trace-id': trace, traceparent: parent },
    { traceparent: parent },
    { 'x-request-id': 'dear friend', 'x-amzn-trace-id': 'dear friend' },
    { 'x-request-id': 'a'.repeat(1000) },
  ]) {
    await fetch(url('/health'), { headers });
    await written();
    ids.push([logged.at(-1)!.requestId, logged.at(-1)!.traceId]);
  }
  const own = expect.stringMatching(/^[\da-f-]{36}$/);
  expect(ids).toEqual([
    ['a-1', trace],
    [own, parent],
    [own, undefined],
    [own, undefined],
  ]);
});

it('told to stop, it answers what is under way and takes no more', async () => {
  const begun = Promise.withResolvers<void>();
  const slow = await serve(
    async (event) => {
      begun.resolve();
      await wait(100);
      return handler(event);
    },
    0,
    1000,
  );
  const underWay = fetch(url('/health', slow.port));
  await begun.promise;
  const stopped = slow.stop();
  const response = await underWay;
  expect(response.status).toBe(200);
  // Kept open, it would keep the server from its end.
  expect(response.headers.get('connection')).toBe('close');
  await stopped;
  await expect(fetch(url('/health', slow.port))).rejects.toThrow();
});

it('told to stop, it waits for nobody who has asked for nothing', async () => {
  const patient = await serve(handler, 0, 1000, { graceMs: 600_000 });
  const ahead = connect(patient.port, '127.0.0.1');
  const kept = await fetch(url('/health', patient.port));
  expect(kept.headers.get('connection')).toBe('keep-alive');
  await patient.stop();
  expect(await text(ahead)).toBe('');
});

it('told to stop, it waits for nobody who does not finish', async () => {
  const stalled = await serve(handler, 0, 1000, { graceMs: 50 });
  const socket = connect(stalled.port, '127.0.0.1').on('error', () => {});
  socket.write('POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{');
  await wait(30);
  await stalled.stop();
  expect(await text(socket)).toBe('');
});

it('a client that goes away in the middle harms nobody', async () => {
  const gone = request(url('/predict'), { method: 'POST', headers: { 'content-length': '1000' } });
  gone.on('error', () => {});
  gone.write('{"te');
  await wait(20);
  gone.destroy();
  expect((await post('{"text":"free"}')).status).toBe(200);
});
