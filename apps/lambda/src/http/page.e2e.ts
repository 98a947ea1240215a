import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromium, openPage, type Page } from '../../test/browser.ts';
import { startHandler } from '../../test/service.ts';
import { type Serving, serve } from '../serve.ts';

const { handler, classifier, manifest } = await startHandler();
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
/** Clicks where the button is to be seen. */
async function click() {
  const [x, y] = (await page.evaluate(
    `(({ x, y, width, height }) => [x + width / 2, y + height / 2])(document.getElementById('send').getBoundingClientRect())`,
  )) as [number, number];
  for (const type of ['mousePressed', 'mouseReleased'])
    await page.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
}
async function press(key: string, windowsVirtualKeyCode: number, modifiers = 0) {
  for (const type of ['keyDown', 'keyUp'])
    await page.send('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode, modifiers });
}
async function open(url: string) {
  await page.send('Page.navigate', { url });
  await page.until(`location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`);
}
const look = async (width: number, scheme: string, height = 900) => {
  const features = [{ name: 'prefers-color-scheme', value: scheme }];
  await page.send('Emulation.setEmulatedMedia', { features });
  const size = { width, height, deviceScaleFactor: 1, mobile: false };
  await page.send('Emulation.setDeviceMetricsOverride', size);
};
const bars = () =>
  page.evaluate(`[...document.querySelectorAll('#bars li')].map((item) => item.innerText).join('|')`);

test(`a text and a click get a label and its bars${without}`, async () => {
  await type('Free winner!');
  await click();
  await page.until(`document.getElementById('timing').textContent !== ''`);
  expect(await answer()).toBe('spam, 96.3 %');
  expect(await bars()).toMatch(/^spam\s+96.3 %\|ham\s+3.7 %$/);
  const width = `document.querySelector('.bar').getBoundingClientRect().width / document.querySelector('.track').getBoundingClientRect().width`;
  await page.until(`Math.abs(${width} - 0.963) < 0.01`);
  expect(await page.evaluate(`document.getElementById('timing').textContent`)).toContain(manifest.version);
});

test(`the keyboard alone does it too, and goes through all there is in order${without}`, async () => {
  await type('meeting notes');
  await press('Enter', 13, 2);
  await page.until(`document.getElementById('answer').textContent.startsWith('ham')`);
  const order = [];
  for (let stops = 0; stops < 5; stops++) {
    order.push(await page.evaluate(`document.activeElement.id || document.activeElement.textContent`));
    await press('Tab', 9);
  }
  expect(order).toEqual(['text', 'send', 'Report', 'Manifest', 'Health']);
});

test(`the same answer is told anew, for those who only hear it${without}`, async () => {
  await page.evaluate(
    `window.told = []; new MutationObserver(() => told.push(document.getElementById('answer').textContent)).observe(document.getElementById('answer'), { childList: true })`,
  );
  await type('Free winner!');
  for (const times of [2, 4]) {
    await click();
    await page.until(`told.length === ${times}`);
  }
  expect(await page.evaluate('told')).toEqual(['', 'spam, 96.3 %', '', 'spam, 96.3 %']);
});

test(`a refusal is told where the answer would be${without}`, async () => {
  await type(' ');
  await click();
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
    [800, 'light'],
    [1000, 'dark'],
    [1400, 'light'],
  ] as const) {
    await look(width, scheme);
    await type('Free winner! '.repeat(width === 400 ? 12 : 2));
    await click();
    await page.until(`document.getElementById('answer').textContent.startsWith('spam')`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    writeFileSync(join(screenshots, `page-${width}-${scheme}.png`), await page.screenshot());
  }
});

test(`fits twenty labels and long names, and asks for none of them by name${without}`, async () => {
  const long = 'unbreakable'.repeat(12);
  const labels = [long, 'of many words '.repeat(12), ...Array.from({ length: 18 }, (_, i) => `label ${i}`)];
  const scores = Object.fromEntries(labels.map((label) => [label, 1 / labels.length]));
  const prediction = { label: long, score: 0.05, scores, truncated: false, tokens: 8, unknownTokens: 0 };
  const many = await startHandler({
    classifier: {
      ...classifier,
      manifest: { ...manifest, labels, name: `${long} ${long}` },
      classify: async () => [prediction],
    },
  });
  const server = await serve(many.handler, 0, 100_000);
  await open(`http://127.0.0.1:${server.port}/`);
  for (const width of [400, 1400]) {
    await look(width, 'dark', 1800);
    await type('free');
    await click();
    await page.until(`document.querySelectorAll('#bars li').length === 20`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    writeFileSync(join(screenshots, `labels-${width}.png`), await page.screenshot());
  }
  expect(await page.evaluate(`document.querySelector('label').textContent`)).toBe(
    'A text to label by one of 20 labels',
  );
  await server.stop();
  await type('free');
  await click();
  await page.until(`document.getElementById('answer').textContent.startsWith('No connection')`);
  expect(await bars()).toBe('');
  await open(`http://127.0.0.1:${serving.port}/`);
});

test(`is told from its ground by everybody: WCAG's contrasts, light and dark${without}`, async () => {
  // https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
  const luminance = (color: string) => {
    const [r = 0, g = 0, b = 0] = (color.match(/\d+/g) ?? []).map((value) => {
      const share = Number(value) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = async (selector: string, property: string) =>
    luminance(
      String(await page.evaluate(`getComputedStyle(document.querySelector('${selector}')).${property}`)),
    );
  for (const scheme of ['light', 'dark']) {
    await look(800, scheme);
    await type(' ');
    await click();
    await page.until(`document.querySelector('#answer.wrong')?.textContent`);
    for (const [selector, property, ground, least] of [
      ['main', 'color', 'body', 4.5],
      ['.quiet', 'color', 'body', 4.5],
      ['dt', 'color', 'body', 4.5],
      ['a', 'color', 'body', 4.5],
      ['#answer', 'color', 'body', 4.5],
      ['textarea', 'color', 'textarea', 4.5],
      ['button', 'color', 'button', 4.5],
      ['button', 'backgroundColor', 'body', 3],
      ['textarea', 'borderTopColor', 'body', 3],
      ['textarea', 'borderTopColor', 'textarea', 3],
    ] as const) {
      const pair = [await style(selector, property), await style(ground, 'backgroundColor')];
      const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
      expect(ratio, `${selector} ${property}, ${scheme}`).toBeGreaterThanOrEqual(least);
    }
  }
});

test(`what a gateway says in place of the model is told by its status${without}`, async () => {
  const gateway = createServer((request, response) => {
    if (request.method === 'GET')
      fetch(`http://127.0.0.1:${serving.port}/`).then(async (answered) =>
        response.writeHead(200, Object.fromEntries(answered.headers)).end(await answered.text()),
      );
    else response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>');
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  await open(`http://127.0.0.1:${(gateway.address() as AddressInfo).port}/`);
  await type('free');
  await click();
  await page.until(`document.getElementById('answer').textContent === 'The answer was 502.'`);
  gateway.close();
  gateway.closeAllConnections();
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
    await open(`http://127.0.0.1:${port}${path}`);
    expect(await page.evaluate(`document.querySelector('a[data-path=model]').href`)).toBe(
      `http://127.0.0.1:${port}/lambda-url/abc/model`,
    );
    await type('Free winner!');
    await click();
    await page.until(`document.getElementById('answer').textContent.startsWith('spam')`);
  }
  prefixed.close();
  prefixed.closeAllConnections();
});
