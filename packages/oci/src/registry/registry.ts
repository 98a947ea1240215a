import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digestOf, isDigest, Verifier } from '../digest.ts';
import { DigestMismatch, RegistryError, TagIsImmutable } from '../errors.ts';
import { type Descriptor, mediaTypes } from '../manifest.ts';
import { isLoopback, registryUrl } from '../reference.ts';
import { Authorization, type CredentialSource, type Scope } from './authorization.ts';
import { type Patience, retry } from './retry.ts';
import { type Body, type Exchange, failure, printable, readBody, Transport } from './transport.ts';

/** A manifest as the registry holds it: the bytes decide, everything else follows from them. */
export interface StoredManifest {
  mediaType: string;
  digest: string;
  bytes: Buffer;
}

const maxManifestBytes = 4 * 1024 * 1024;
const maxRedirects = 5;

/**
 * A registry that speaks the OCI distribution specification: ECR, Docker Hub, GHCR, Debian's docker-registry,
 * local-aws. Plain http on this machine, https anywhere else. Every method retries what may pass by itself and throws
 * {@link RegistryError} otherwise.
 */
export class Registry {
  readonly registry: string;
  readonly #base: string;
  readonly #transport = new Transport();
  readonly #authorization: Authorization;
  readonly #patience: Patience;

  constructor(options: { registry: string; credential?: CredentialSource | undefined; patience?: Patience }) {
    this.registry = options.registry;
    this.#base = registryUrl(options.registry);
    this.#authorization = new Authorization(options.registry, this.#transport, options.credential);
    this.#patience = options.patience ?? { attempts: 5, firstWaitMs: 250 };
  }

  /** A manifest or index by tag or digest, at most 4 MB, its digest checked against the one asked for. */
  async getManifest(repository: string, reference: string): Promise<StoredManifest> {
    return await retry(this.#patience, async () => {
      const exchange = await this.#send('GET', `/v2/${repository}/manifests/${reference}`, 'pull', {
        headers: { accept: acceptManifests },
      });
      if (exchange.status !== 200) throw await failure(exchange);
      const bytes = await readBody(exchange, maxManifestBytes);
      const digest = digestOf(bytes);
      const claimed = isDigest(reference) ? reference : exchange.response.headers['docker-content-digest'];
      if (claimed && claimed !== digest)
        throw new DigestMismatch(`${printable(exchange.url)} sent ${digest} where ${claimed} was asked for.`);
      return { mediaType: contentType(exchange), digest, bytes };
    });
  }

  /** What a tag or digest points at, without fetching it; undefined when the registry has no such manifest. */
  async headManifest(repository: string, reference: string): Promise<Descriptor | undefined> {
    return await retry(this.#patience, async () => {
      const exchange = await this.#send('HEAD', `/v2/${repository}/manifests/${reference}`, 'pull', {
        headers: { accept: acceptManifests },
      });
      if (exchange.status === 404) return dump(exchange, undefined);
      if (exchange.status !== 200) throw await failure(exchange);
      const digest = exchange.response.headers['docker-content-digest'];
      if (typeof digest !== 'string' || !isDigest(digest)) return dump(exchange, undefined);
      const size = Number(exchange.response.headers['content-length'] ?? 0);
      return dump(exchange, { mediaType: contentType(exchange), digest, size });
    });
  }

  /** Whether the repository holds the blob. */
  async hasBlob(repository: string, digest: string): Promise<boolean> {
    return await retry(this.#patience, async () => {
      const exchange = await this.#send('HEAD', `/v2/${repository}/blobs/${digest}`, 'pull');
      if (exchange.status !== 200 && exchange.status !== 404) throw await failure(exchange);
      return dump(exchange, exchange.status === 200);
    });
  }

  /**
   * A blob as a stream that fails with {@link DigestMismatch} at its end when the bytes aren't the ones asked for:
   * trust what you read only once it has ended. Redirects are followed, the login stays behind.
   */
  async getBlob(repository: string, digest: string): Promise<Readable> {
    return await retry(this.#patience, async () => {
      const exchange = await this.#send('GET', `/v2/${repository}/blobs/${digest}`, 'pull');
      if (exchange.status !== 200) throw await failure(exchange);
      const verified = new Verifier({ digest }, printable(exchange.url));
      // pipeline carries errors and an early end of the reader both ways; the reader sees them on `verified`.
      pipeline(exchange.response, verified).catch(() => {});
      return verified;
    });
  }

  /** Makes a blob of another repository of this registry appear in this one; false when the registry would rather not. */
  async mountBlob(repository: string, digest: string, from: string): Promise<boolean> {
    return await retry(this.#patience, async () => {
      const query = new URLSearchParams({ mount: digest, from });
      const exchange = await this.#send('POST', `/v2/${repository}/blobs/uploads/?${query}`, 'pull,push');
      // 202 opens an upload instead, which the registry forgets by itself; refusals come as any 4xx.
      if (exchange.status >= 500 || exchange.status === 429) throw await failure(exchange);
      return dump(exchange, exchange.status === 201);
    });
  }

  /**
   * Uploads a blob with POST and one PUT (ECR discards all but the first chunk of a chunked upload). `open` is called
   * once per attempt and gives the bytes; they are checked on the way, and the registry checks them again.
   */
  async putBlob(
    repository: string,
    blob: { digest: string; size: number },
    open: () => Readable | Promise<Readable>,
  ): Promise<void> {
    await retry(this.#patience, async (attempt) => {
      // A lost answer may have followed a finished upload.
      if (attempt > 1 && (await this.hasBlob(repository, blob.digest))) return;
      const started = await this.#send('POST', `/v2/${repository}/blobs/uploads/`, 'pull,push');
      if (started.status !== 202) throw await failure(started, pushHint(started.status));
      const location = dump(started, started.response.headers.location);
      const target = location ? URL.parse(location, started.url) : null;
      if (!target)
        throw new RegistryError(`${printable(started.url)} names no upload location.`, { status: 202 });
      target.searchParams.set('digest', blob.digest);

      const source = await open();
      const verified = new Verifier(blob, 'The source');
      pipeline(source, verified).catch(() => {});
      const exchange = await this.#send('PUT', target, 'pull,push', {
        repository,
        headers: { 'content-type': 'application/octet-stream' },
        body: { stream: verified, size: blob.size },
      });
      if (exchange.status !== 201) throw await failure(exchange, pushHint(exchange.status));
      dump(exchange, undefined);
    });
  }

  /** Stores a manifest under a tag or its digest. Throws {@link TagIsImmutable} when the tag names another image for good. */
  async putManifest(
    repository: string,
    reference: string,
    manifest: { mediaType: string; bytes: Uint8Array },
  ): Promise<void> {
    await retry(this.#patience, async () => {
      const exchange = await this.#send('PUT', `/v2/${repository}/manifests/${reference}`, 'pull,push', {
        headers: { 'content-type': manifest.mediaType },
        body: manifest.bytes,
      });
      if (exchange.status === 201) return dump(exchange, undefined);
      const error = await failure(exchange, pushHint(exchange.status));
      if (/immutable/i.test(error.message) || error.code === 'TAG_INVALID')
        throw new TagIsImmutable(`${repository}:${reference} names another image and can't be moved.`, {
          cause: error,
          hint: 'Tags of this repository are immutable: push under another tag, or deploy by digest.',
        });
      throw error;
    });
  }

  /** Closes idle connections; the registry can be used again afterwards. */
  close(): void {
    this.#transport.close();
  }

  async #send(
    method: string,
    target: string | URL,
    access: 'pull' | 'pull,push',
    options: { headers?: Record<string, string>; body?: Body; repository?: string } = {},
  ): Promise<Exchange> {
    const url = new URL(target, this.#base);
    const repository =
      options.repository ?? url.pathname.match(/^\/v2\/(.+?)\/(?:blobs|manifests)\//)?.[1] ?? '';
    const scope: Scope = `repository:${repository}:${access}`;
    const home = new URL(this.#base).host;

    for (let renewed = false; ; renewed = true) {
      const authorization = url.host === home ? this.#authorization.header(scope) : undefined;
      const headers = { ...options.headers, ...(authorization ? { authorization } : {}) };
      const exchange = await this.#transport.send(method, url, headers, options.body);
      // ECR answers an expired login with 403, which otherwise means "may not".
      const refused = exchange.status === 401 || (exchange.status === 403 && this.#authorization.renewable);
      if (!refused || renewed || url.host !== home) return await this.#follow(exchange, headers);
      if (!(await this.#authorization.renew(exchange, scope, authorization))) return exchange;
      // A stream can't be sent twice: the retry opens it anew, with the login earned here.
      if (options.body && !(options.body instanceof Uint8Array))
        throw new RegistryError(`[${method}] ${printable(url)}: the login expired during the upload`, {
          status: 0,
        });
      dump(exchange, undefined);
    }
  }

  /** Follows redirects of reads, to the registry's storage for one; the login goes nowhere else. */
  async #follow(exchange: Exchange, headers: Record<string, string>): Promise<Exchange> {
    const { method } = exchange;
    let current = exchange;
    for (let hops = 0; /^(GET|HEAD)$/.test(method) && isRedirect(current.status); hops++) {
      const from = `[${method}] ${printable(current.url)}`;
      const { status } = current;
      const location = dump(current, current.response.headers.location);
      const url = location ? URL.parse(location, current.url) : null;
      if (!url || hops >= maxRedirects) throw new RegistryError(`${from}: redirected nowhere`, { status });
      if (url.protocol !== 'https:' && !(isLoopback(this.registry) && isLoopback(url.host)))
        throw new RegistryError(`${from}: redirected to ${url.origin}, which is not https`, { status });
      const { authorization: _, ...others } = headers;
      current = await this.#transport.send(method, url, url.host === exchange.url.host ? headers : others);
    }
    return current;
  }
}

const acceptManifests = [
  mediaTypes.manifest,
  mediaTypes.index,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
].join(', ');

const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status);

const contentType = ({ response }: Exchange) =>
  (response.headers['content-type'] ?? '').split(';')[0]!.trim();

function dump<T>({ response }: Exchange, value: T): T {
  response.resume();
  return value;
}

function pushHint(status: number): string | undefined {
  if (status === 401 || status === 403) return 'Log in with an account that may push there.';
  if (status === 404) return 'Does the repository exist? ECR makes none on push.';
  return undefined;
}
