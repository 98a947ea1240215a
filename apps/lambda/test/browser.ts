import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const { CHROMIUM } = process.env;

/** The Chromium of this machine, if it has one. */
export const chromium = CHROMIUM ?? places.find((path) => existsSync(path));

/** A page in a headless Chromium, driven by the DevTools protocol: no driver to install. */
export interface Page {
  send(method: string, params?: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** The value of a JavaScript expression, awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** Waits for an expression to be true. */
  until(expression: string): Promise<void>;
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

/** Starts a browser of its own and opens an address in it. */
export async function openPage(url: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const browser = spawn(
    chromium!,
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...[`--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(browser, 'exit');
  let endpoint = '';
  for await (const line of createInterface(browser.stderr)) {
    endpoint = /DevTools listening on (ws:\S+)/.exec(line)?.[1] ?? '';
    if (endpoint) break;
  }
  browser.stderr.resume();
  const targets = await (await fetch(`http://${new URL(endpoint).host}/json`)).json();
  const socket = new WebSocket(
    targets.find((target: { type: string }) => target.type === 'page').webSocketDebuggerUrl,
  );
  await once(socket, 'open');
  const waiting = new Map<
    number,
    (message: { result?: Record<string, unknown>; error?: { message: string } }) => void
  >();
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data);
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  let calls = 0;
  const page: Page = {
    send(method, params = {}) {
      const id = ++calls;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((resolve, reject) =>
        waiting.set(id, ({ result, error }) =>
          error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result ?? {}),
        ),
      );
    },
    async evaluate(expression) {
      const { result, exceptionDetails } = (await page.send('Runtime.evaluate', {
        ...{ expression, awaitPromise: true, returnByValue: true },
      })) as { result: { value: unknown }; exceptionDetails?: { text: string } };
      if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
      return result.value;
    },
    async until(expression) {
      for (let tries = 0; tries < 200; tries++) {
        if (await page.evaluate(expression)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`never came true: ${expression}`);
    },
    async screenshot() {
      const { data } = await page.send('Page.captureScreenshot');
      return Buffer.from(String(data), 'base64');
    },
    async close() {
      socket.close();
      browser.kill();
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await page.send('Page.enable');
  await page.send('Page.navigate', { url });
  await page.until('document.readyState === "complete" && location.href !== "about:blank"');
  return page;
}
