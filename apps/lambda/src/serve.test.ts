import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { startHandler } from '../test/service.ts';
import { serve } from './serve.ts';

const { handler } = await startHandler();
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

it('a body over the limit is refused, and not kept', async () => {
  const response = await post(JSON.stringify({ text: 'a'.repeat(2_000_000) }));
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ error: { code: 'too_large' } });
});

it('told to stop, it answers what is under way and takes no more', async () => {
  const slow = await serve(
    async (event) => {
      await wait(100);
      return handler(event);
    },
    0,
    1000,
  );
  const underWay = fetch(url('/health', slow.port));
  await wait(30);
  const stopped = slow.stop();
  expect((await underWay).status).toBe(200);
  await stopped;
  await expect(fetch(url('/health', slow.port))).rejects.toThrow();
});

it('a client that goes away in the middle harms nobody', async () => {
  const gone = request(url('/predict'), { method: 'POST', headers: { 'content-length': '1000' } });
  gone.on('error', () => {});
  gone.write('{"te');
  await wait(20);
  gone.destroy();
  expect((await post('{"text":"free"}')).status).toBe(200);
});
