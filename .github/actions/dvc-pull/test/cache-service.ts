import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A stand-in for GitHub's cache service (v2): what it keeps, by key, and what a runner tells actions of it. */
export interface CacheService {
  env: Record<string, string>;
  keys(): string[];
  /** Changes what is kept under every key, as a rotten disk would. */
  tamper(change: (archive: Buffer) => Buffer): void;
  /** Answers 403 from now on. */
  refuse(): void;
  close(): void;
}

/** Starts one on a port of its own; `workspace` and `temporary` are the runner's folders of these names. */
export async function startCacheService(workspace: string, temporary: string): Promise<CacheService> {
  const entries = new Map<string, { key: string; archive: Buffer; isFinal: boolean }>();
  let refuses = false;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const { pathname } = new URL(request.url ?? '', 'http://stand-in');
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (pathname.startsWith('/blobs/')) {
      const entry = entries.get(decodeURIComponent(pathname.slice('/blobs/container/'.length)));
      if (!entry) response.writeHead(404).end();
      else if (request.method === 'PUT') {
        entry.archive = body;
        response.writeHead(201, { etag: '"1"', 'last-modified': new Date(0).toUTCString() }).end();
      } else response.writeHead(200, { 'content-length': entry.archive.length }).end(entry.archive);
      return;
    }
    if (refuses || request.headers.authorization !== 'Bearer runtime-token') {
      json(403, { code: 'permission_denied', msg: 'no cache for you' });
      return;
    }
    const asked: { key: string; version: string } = JSON.parse(body.toString());
    const id = `${asked.key} ${asked.version}`;
    const entry = entries.get(id);
    const url = `${base(request)}/blobs/container/${encodeURIComponent(id)}?sig=secret`;
    const method = pathname.split('/').at(-1);
    if (method === 'CreateCacheEntry') {
      if (entry) return void json(409, { code: 'already_exists', msg: 'cache entry exists' });
      entries.set(id, { key: asked.key, archive: Buffer.alloc(0), isFinal: false });
      json(200, { ok: true, signed_upload_url: url });
    } else if (method === 'FinalizeCacheEntryUpload' && entry) {
      entry.isFinal = true;
      json(200, { ok: true, entry_id: '1' });
    } else if (method === 'GetCacheEntryDownloadURL')
      json(
        200,
        entry?.isFinal ? { ok: true, signed_download_url: url, matched_key: entry.key } : { ok: false },
      );
    else json(404, { code: 'bad_route', msg: pathname });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    env: {
      ACTIONS_RESULTS_URL: `http://127.0.0.1:${port}/`,
      ACTIONS_RUNTIME_TOKEN: 'runtime-token',
      ACTIONS_CACHE_SERVICE_V2: 'True',
      GITHUB_WORKSPACE: workspace,
      RUNNER_TEMP: temporary,
    },
    keys: () => [...entries.values()].filter(({ isFinal }) => isFinal).map(({ key }) => key),
    tamper: (change) => {
      for (const entry of entries.values()) entry.archive = change(entry.archive);
    },
    refuse: () => {
      refuses = true;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function base(request: IncomingMessage): string {
  return `http://${request.headers.host}`;
}
