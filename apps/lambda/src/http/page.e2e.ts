import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromium, openPage, type Page } from '../../test/browser.ts';
import { startHandler } from '../../test/service.ts';
import { type Serving, serve } from '../serve.ts';

const { handler, manifest } = await startHandler();
const screenshots = join(import.meta.dirname, '../../reports/screenshots');
const without = chromium ? '' : ' (skipped: no Chromium here, CHROMIUM names one)';
const test = it.skipIf(!chromium);

let serving: Serving;
let page: Page;
beforeAll(async () => {
  if (!chromium) return;
  mkdirSync(screenshots, { recursive: true });
  serving = await serve(handler, 0, 100_000);
  page = await openPage(`http://127.0.0.1:${serving.port}/`);
});
afterAll(async () => {
  await page?.close();
  await serving?.stop();
});

const type = async (text: string) => {
  await page.evaluate(`document.getElementById('text').value = ''; document.getElementById('text').focus()`);
  await page.send('Input.insertText', { text });
};
const answer = () => page.evaluate(`document.getElementById('answer').textContent`);
const bars = () =>
  page.evaluate(`[...document.querySelectorAll('#bars li')].map((item) => item.innerText).join('|')`);

test(`a text and a click get a label and its bars${without}`, async () => {
  await type('Free winner!');
  await page.evaluate(`document.getElementById('send').click()`);
  await page.until(`document.getElementById('timing').textContent !== ''`);
  expect(await answer()).toBe('spam, 96.3 %');
  expect(await bars()).toMatch(/^spam\s+96.3 %\|ham\s+3.7 %$/);
  const width = `document.querySelector('.bar').getBoundingClientRect().width / document.querySelector('.track').getBoundingClientRect().width`;
  await page.until(`Math.abs(${width} - 0.963) < 0.01`);
  expect(await page.evaluate(`document.getElementById('timing').textContent`)).toContain(manifest.version);
});

test(`the keyboard alone does it too${without}`, async () => {
  await type('meeting notes');
  const control = { modifiers: 2, key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 };
  await page.send('Input.dispatchKeyEvent', { type: 'keyDown', ...control });
  await page.send('Input.dispatchKeyEvent', { type: 'keyUp', ...control });
  await page.until(`document.getElementById('answer').textContent.startsWith('ham')`);
});

test(`a refusal is told where the answer would be${without}`, async () => {
  await type(' ');
  await page.evaluate(`document.getElementById('send').click()`);
  await page.until(`document.getElementById('answer').textContent.includes('empty')`);
  expect(await bars()).toBe('');
});

test(`a screen reader has names and roles for all of it${without}`, async () => {
  await page.send('Accessibility.enable');
  const { nodes } = (await page.send('Accessibility.getFullAXTree')) as {
    nodes: { role?: { value: string }; name?: { value: string } }[];
  };
  const named = nodes.map(({ role, name }) => `${role?.value}: ${name?.value}`);
  for (const node of [
    'textbox: A text to label ham or spam',
    'button: Classify',
    'heading: tiny',
    'region: Answer',
    'navigation: API',
  ])
    expect(named).toContain(node);
  expect(nodes.some(({ role }) => role?.value === 'status')).toBe(true);
});

test(`fits from 400 to 1400 px, light and dark${without}`, async () => {
  for (const [width, scheme] of [
    [400, 'light'],
    [400, 'dark'],
    [1000, 'dark'],
    [1400, 'light'],
  ] as const) {
    await page.send('Emulation.setDeviceMetricsOverride', {
      width,
      height: 900,
      deviceScaleFactor: 1,
      mobile: false,
    });
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
    await type('Free winner! '.repeat(width === 400 ? 12 : 2));
    await page.evaluate(`document.getElementById('send').click()`);
    await page.until(`document.getElementById('answer').textContent.startsWith('spam')`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    writeFileSync(join(screenshots, `page-${width}-${scheme}.png`), await page.screenshot());
  }
});

test(`works under a prefix, with or without the last slash${without}`, async () => {
  const prefixed = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/^\/lambda-url\/abc(?=\/|$)/, '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const init = { method: request.method!, headers: { 'content-type': 'application/json' } };
    const body = chunks.length ? { body: Buffer.concat(chunks) } : {};
    const answered = await fetch(`http://127.0.0.1:${serving.port}${path || '/'}`, { ...init, ...body });
    response.writeHead(answered.status, Object.fromEntries(answered.headers)).end(await answered.text());
  });
  await new Promise<void>((resolve) => prefixed.listen(0, '127.0.0.1', resolve));
  const { port } = prefixed.address() as AddressInfo;
  for (const path of ['/lambda-url/abc', '/lambda-url/abc/']) {
    await page.send('Page.navigate', { url: `http://127.0.0.1:${port}${path}` });
    await page.until(`location.pathname === ${JSON.stringify(path)} && document.readyState === 'complete'`);
    expect(await page.evaluate(`document.querySelector('a[data-path=model]').href`)).toBe(
      `http://127.0.0.1:${port}/lambda-url/abc/model`,
    );
    await type('Free winner!');
    await page.evaluate(`document.getElementById('send').click()`);
    await page.until(`document.getElementById('answer').textContent.startsWith('spam')`);
  }
  prefixed.close();
  prefixed.closeAllConnections();
});
