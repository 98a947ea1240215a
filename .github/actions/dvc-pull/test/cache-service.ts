import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** GitHub's cache service (v2) as far as one pull needs it: entries by key and version, their archives as blobs. */
export interface CacheService {
  /** What the runner sets for a step to find it. */
  env: Record<string, string>;
  /** Keys in the order they were kept. */
  keys: string[];
  close(): Promise<void>;
}

/** Starts an empty one on a free port. */
export async function startCacheService(): Promise<CacheService> {
  const blobs = new Map<string, Buffer>();
  const entries = new Map<string, string>();
  const service: CacheService = { env: {}, keys: [], close: async () => {} };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const body = await read(request);
    const json = (value: unknown): void =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const blob = `${service.env.ACTIONS_RESULTS_URL}blob/`;
    if (url.pathname.startsWith('/blob/')) {
      if (request.method === 'PUT') {
        blobs.set(url.pathname, body);
        response.writeHead(201).end();
        return;
      }
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      const bytes = blobs.get(url.pathname)!;
      const part = start ? bytes.subarray(Number(start), Number(end) + 1) : bytes;
      response
        .writeHead(start ? 206 : 200, { 'content-length': part.length })
        .end(request.method === 'HEAD' ? undefined : part);
      return;
    }
    const { key, version } = JSON.parse(body.toString());
    const name = encodeURIComponent(`${key}/${version}`);
    switch (url.pathname.split('/').at(-1)) {
      case 'CreateCacheEntry':
        return json({ ok: !entries.has(name), signed_upload_url: `${blob}${name}?sig=secret` });
      case 'FinalizeCacheEntryUpload':
        entries.set(name, key);
        service.keys.push(key);
        return json({ ok: true, entry_id: '1' });
      default:
        return json(
          entries.has(name)
            ? { ok: true, signed_download_url: `${blob}${name}?sig=secret`, matched_key: key }
            : { ok: false },
        );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  service.env = {
    ACTIONS_CACHE_SERVICE_V2: 'true',
    ACTIONS_RESULTS_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    ACTIONS_RUNTIME_TOKEN: 'token',
  };
  service.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return service;
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
