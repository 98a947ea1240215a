import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { asDeployment } from './deployment-status.ts';
import { github } from './github-api.ts';

let server: Server;
let apiUrl: string;
let calls: { method: string; path: string; token: string; body: Record<string, unknown> }[];
/** Refuses calls whose path matches, with this status. */
let refuse: { path: RegExp; status: number } | undefined;

beforeEach(async () => {
  calls = [];
  refuse = undefined;
  server = createServer(async (request, response) => {
    const [method = '', path = ''] = [request.method, request.url];
    calls.push({
      method,
      path,
      token: String(request.headers.authorization),
      body: Object(await json(request)),
    });
    response.statusCode = refuse?.path.test(path) ? refuse.status : 201;
    response.setHeader('content-type', 'application/json').end('{"id": 42}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  apiUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterEach(() => server.close());

const warnings: string[] = [];
const deploying = <T>(work: () => Promise<T>) =>
  asDeployment(
    github({ apiUrl, repository: 'owner/name', token: 'hunter2' }),
    { commit: 'c0ffee', environment: 'live', logUrl: 'https://log.example/' },
    work,
    {
      url: () => 'https://live.example/',
      isOvertaken: (error) => error instanceof RangeError,
      warn: (line) => warnings.push(line),
    },
  );

it('shows a deployment from beginning to end, with its URL and its log', async () => {
  expect(await deploying(async () => 'done')).toBe('done');
  expect(calls).toMatchObject([
    {
      method: 'POST',
      path: '/repos/owner/name/deployments',
      token: 'Bearer hunter2',
      body: { ref: 'c0ffee', environment: 'live', auto_merge: false, required_contexts: [] },
    },
    { path: '/repos/owner/name/deployments/42/statuses', body: { state: 'in_progress' } },
    {
      path: '/repos/owner/name/deployments/42/statuses',
      body: { state: 'success', log_url: 'https://log.example/', environment_url: 'https://live.example/' },
    },
  ]);
});

it('shows a failure and throws it', async () => {
  const failing = deploying(async () => {
    throw new Error('golden');
  });
  await expect(failing).rejects.toThrow('golden');
  expect(calls.at(-1)?.body).toMatchObject({ state: 'failure' });
});

it('shows one that was overtaken as no failure of what is live', async () => {
  const overtaken = deploying(async () => {
    throw new RangeError('older');
  });
  await expect(overtaken).rejects.toThrow('older');
  expect(calls.at(-1)?.body).toMatchObject({ state: 'inactive' });
});

it('starts nothing when GitHub does not let it, naming the URL and the cure but never the token', async () => {
  refuse = { path: /deployments$/, status: 403 };
  let started = false;
  const refused = deploying(async () => {
    started = true;
  });
  await expect(refused).rejects.toMatchObject({
    message: `[POST] ${apiUrl}/repos/owner/name/deployments: 403 Forbidden`,
    hint: expect.stringContaining('permissions'),
  });
  expect(started).toBe(false);
});

it('lets the work have its own outcome when its end can not be shown', async () => {
  let done = false;
  const work = async () => {
    refuse = { path: /statuses$/, status: 500 };
    done = true;
  };
  await deploying(work);
  expect(done).toBe(true);
  expect(warnings.at(-1)).toContain('GitHub does not show this deployment');
});
