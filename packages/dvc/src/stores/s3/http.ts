import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import type { Take } from '../store.ts';

// Importing node:http as a module would load all it can give away, a WebSocket client among it: a tenth of a second.
const modules = {
  http: () => process.getBuiltinModule('node:http'),
  https: () => process.getBuiltinModule('node:https'),
};

/** A request ready to go, and its body. */
export interface Outgoing {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body?: Buffer | Readable;
}

/** An answer whose body is still to be read, or to be dropped. */
export interface Answer {
  status: number;
  statusText: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Hands all of the body on. */
  read(take: Take): Promise<void>;
  /** Ends the answer; an open `read` fails with `error`. */
  cancel(error?: Error): void;
}

/** How patient a connection is, and whom it trusts. */
export interface HttpOptions {
  /** No byte for so long ends the connection. */
  idleMs: number;
  connectMs: number;
  /** False: any certificate will do. */
  verifyTls: boolean;
  /** Certificates to trust instead of the system's, in PEM. */
  ca: string | undefined;
}

/** Requests of all kinds over node:http, on connections that are used again and again. */
export class Http {
  private readonly options: HttpOptions;
  private plain: HttpAgent | undefined;
  private secure: HttpsAgent | undefined;
  constructor(options: HttpOptions) {
    this.options = options;
  }

  /** Sends a request; resolves with the answer's head. Rejects if the connection fails first. */
  send({ method, url, headers, body }: Outgoing): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = this.open(method, url, headers);
      request.on('error', reject);
      this.watch(request);
      request.on('response', (message) => resolve(toAnswer(message)));
      if (body === undefined || Buffer.isBuffer(body)) request.end(body);
      else
        pipeline(body, request, (error) => {
          if (error) request.destroy(error);
        });
    });
  }

  private open(method: string, url: URL, headers: Record<string, string>): ClientRequest {
    const reuse = { keepAlive: true, maxSockets: 256, scheduling: 'lifo' } as const;
    if (url.protocol !== 'https:') {
      const { Agent, request } = modules.http();
      this.plain ??= new Agent(reuse);
      return request(url, { method, headers, agent: this.plain });
    }
    const { Agent, request } = modules.https();
    const { verifyTls, ca } = this.options;
    this.secure ??= new Agent({ ...reuse, rejectUnauthorized: verifyTls, ...(ca ? { ca } : {}) });
    return request(url, { method, headers, agent: this.secure });
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

function toAnswer(message: IncomingMessage): Answer {
  return {
    status: message.statusCode ?? 0,
    statusText: message.statusMessage ?? '',
    headers: Object.fromEntries(
      Object.entries(message.headers).map(([name, value]) => [name, String(value)]),
    ),
    async read(take) {
      for await (const chunk of message) take(chunk);
    },
    cancel: (error) => void message.destroy(error),
  };
}

/** The whole of a body as text; what is beyond sixteen megabytes is dropped. */
export async function readText(answer: Answer): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  await answer.read((chunk) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= 16 << 20) chunks.push(Buffer.from(chunk));
  });
  return Buffer.concat(chunks).toString('utf8');
}
