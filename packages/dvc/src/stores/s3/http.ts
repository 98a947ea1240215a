import { readFileSync } from 'node:fs';
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';

/** A request ready to go, and its body. */
export interface Outgoing {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: Buffer | Readable;
}

/** How patient a connection is. */
export interface HttpOptions {
  /** No byte for so long ends the connection. */
  idleMs: number;
  connectMs: number;
  verifyTls: boolean;
  authority: string | undefined;
}

/** Connections that are used again and again. */
export class Http {
  private readonly options: HttpOptions;
  private readonly plain: HttpAgent;
  private readonly secure: HttpsAgent;
  constructor(options: HttpOptions) {
    this.options = options;
    const agent = { keepAlive: true, maxSockets: 256, scheduling: 'lifo' } as const;
    this.plain = new HttpAgent(agent);
    this.secure = new HttpsAgent({
      ...agent,
      rejectUnauthorized: options.verifyTls,
      ...(options.authority ? { ca: readFileSync(options.authority) } : {}),
    });
  }

  /** Sends a request; resolves with the answer's head, its body still to be read. Rejects if the connection fails first. */
  send({ method, url, headers, body }: Outgoing): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const isSecure = url.protocol === 'https:';
      const options = { method, headers, agent: isSecure ? this.secure : this.plain };
      const request = isSecure ? httpsRequest(url, options) : httpRequest(url, options);
      request.on('error', reject);
      this.watch(request);
      request.on('response', resolve);
      if (body === undefined || Buffer.isBuffer(body)) request.end(body);
      else
        pipeline(body, request, (error) => {
          if (error) request.destroy(error);
        });
    });
  }

  /** Closes idle connections. */
  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private watch(request: ClientRequest): void {
    const { idleMs, connectMs } = this.options;
    const connecting = setTimeout(
      () => request.destroy(new Error(`no connection within ${connectMs / 1000} s`)),
      connectMs,
    );
    request.on('socket', (socket) => {
      const connected = (): void => clearTimeout(connecting);
      if (socket.connecting) socket.once('connect', connected);
      else connected();
    });
    request.on('close', () => clearTimeout(connecting));
    request.setTimeout(idleMs, () => request.destroy(new Error(`no byte for ${idleMs / 1000} s`)));
  }
}

/** The whole of a body as text; at most a megabyte of it. */
export async function readText(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes <= 1 << 20) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
