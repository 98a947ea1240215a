import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { Take } from '../store.ts';
import type { Answer, HttpOptions } from './http.ts';

/** The head of an answer. */
type Head = Pick<Answer, 'status' | 'statusText' | 'headers'>;

const readBytes = 256 << 10;
const mostHeadBytes = 64 << 10;

/**
 * One HTTP/1.1 connection for GET requests, one after the other. Bytes are read into one piece of memory that is used
 * again and again: node:http, which makes a new buffer for every 64 KiB, takes more than twice the processor time.
 */
export class Connection {
  private readonly socket: Socket;
  private pending: { resolve(head: Head): void; reject(error: Error): void } | undefined;
  private headBytes = Buffer.alloc(0);
  /** Bytes of the body that came with its head. */
  private early = Buffer.alloc(0);
  private body: { remaining: number; take: Take; resolve(): void; reject(error: Error): void } | undefined;
  private failure: Error | undefined;
  private keepAlive = true;
  /** Whether any answer came over it yet: one that breaks before may just have been idle for too long. */
  used = false;

  constructor(url: URL, options: HttpOptions) {
    const isSecure = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = Number(url.port) || (isSecure ? 443 : 80);
    const onread = {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (count: number, bytes: Uint8Array) =>
        this.receive(Buffer.from(bytes.buffer, bytes.byteOffset, count)),
    };
    // TLS sockets take `onread` as plain ones do; only their types do not say so.
    const secure = {
      host,
      port,
      ...(isIP(host) ? {} : { servername: host }),
      rejectUnauthorized: options.verifyTls,
      ALPNProtocols: ['http/1.1'],
      onread,
    };
    this.socket = isSecure
      ? connectSecure(options.ca ? { ...secure, ca: options.ca } : secure)
      : connectPlain({ host, port, onread });
    this.socket.setNoDelay(true);
    const connecting = setTimeout(
      () => this.socket.destroy(new Error(`no connection within ${options.connectMs / 1000} s`)),
      options.connectMs,
    );
    this.socket.once(isSecure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
    this.socket.setTimeout(options.idleMs, () =>
      this.socket.destroy(new Error(`no byte for ${options.idleMs / 1000} s`)),
    );
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => {
      clearTimeout(connecting);
      this.fail(new Error('aborted: the connection was closed'));
    });
  }

  /** Whether another request may go over it. */
  get isFree(): boolean {
    return !this.failure && this.keepAlive && !this.pending && !this.body;
  }

  /** Sends a GET; resolves with the answer's head, when the body waits to be read. */
  request(url: URL, headers: Record<string, string>): Promise<Head> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.pending = { resolve, reject };
      this.socket.ref();
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      this.socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
    });
  }

  /** Reads `length` bytes of the body. */
  read(length: number, take: Take): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.body = { remaining: length, take, resolve, reject };
      const { early } = this;
      this.early = Buffer.alloc(0);
      this.deliver(early);
      // Also when that was all: the next answer, or the end of the connection, is to be noticed.
      this.socket.resume();
    });
  }

  /** Ends it, whatever it is at; an open read fails with `error`. */
  destroy(error?: Error): void {
    if (error) this.fail(error);
    this.socket.destroy();
  }

  /** Called by the socket; returning false pauses it until somebody reads the body. */
  private receive(bytes: Buffer): boolean {
    if (this.body) {
      this.deliver(bytes);
      return true;
    }
    this.headBytes = Buffer.concat([this.headBytes, bytes]);
    const end = this.headBytes.indexOf('\r\n\r\n');
    if (end < 0 && this.headBytes.length < mostHeadBytes) return true;
    const head = this.pending && end >= 0 ? parseHead(this.headBytes.toString('latin1', 0, end)) : undefined;
    if (!head) {
      this.destroy(new Error('the answer is not HTTP'));
      return false;
    }
    this.early = Buffer.from(this.headBytes.subarray(end + 4));
    this.headBytes = Buffer.alloc(0);
    this.keepAlive = !/close/i.test(head.headers.connection ?? '');
    this.used = true;
    const { resolve } = this.pending!;
    this.pending = undefined;
    resolve(head);
    return false;
  }

  private deliver(bytes: Buffer): void {
    const { body } = this;
    if (!body) return;
    try {
      if (bytes.length > body.remaining) throw new Error('more bytes came than were announced');
      body.remaining -= bytes.length;
      if (bytes.length > 0) body.take(bytes);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (body.remaining > 0) return;
    this.body = undefined;
    if (this.keepAlive) this.socket.unref();
    else this.socket.destroy();
    body.resolve();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.pending?.reject(error);
    this.body?.reject(error);
    this.pending = undefined;
    this.body = undefined;
  }
}

function parseHead(text: string): Head | undefined {
  const [first, ...lines] = text.split('\r\n');
  const [, status, statusText] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first ?? '') ?? [];
  if (!status) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(status), statusText: statusText ?? '', headers };
}
