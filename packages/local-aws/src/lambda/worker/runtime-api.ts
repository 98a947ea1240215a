import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One event on its way to a handler. */
export interface Invocation {
  requestId: string;
  arn: string;
  payload: Uint8Array;
  deadlineMs: number;
  traceId: string;
  /** JSON text of the caller's client context. */
  clientContext?: string;
}

/** What the runtime said of an invocation. */
export interface RuntimeResult {
  kind: 'response' | 'error';
  payload: Buffer;
  contentType: string | undefined;
}

/** What the server tells its worker. */
export interface RuntimeEvents {
  /** The runtime asks for work: init is over, or the last invocation is. */
  onNext(): void;
  onResult(requestId: string, result: RuntimeResult): void;
  onInitError(payload: Buffer): void;
}

const responseLimitBytes = 6 * 1024 * 1024 + 100 * 1024;

/**
 * The Lambda Runtime API for one execution environment
 * (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html), on a port of its own: the runtime can't say who it is.
 */
export class RuntimeApi {
  readonly #server: Server;
  readonly #events: RuntimeEvents;
  #waiting: ServerResponse | undefined;
  #queued: Invocation | undefined;

  private constructor(events: RuntimeEvents) {
    this.#events = events;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  static async start(events: RuntimeEvents): Promise<RuntimeApi> {
    const api = new RuntimeApi(events);
    await new Promise<void>((resolve, reject) => {
      api.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return api;
  }

  /** `host:port`, the value of AWS_LAMBDA_RUNTIME_API. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Hands over one invocation, now or when the runtime asks. */
  give(invocation: Invocation): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) deliver(waiting, invocation);
    else this.#queued = invocation;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/2018-06-01/runtime/', '');
    if (request.method === 'GET' && path === 'invocation/next') return this.#next(response);
    const [, id, kind] = path.match(/^invocation\/([^/]+)\/(response|error)$/) ?? [];
    const isKnown = request.method === 'POST' && (kind !== undefined || path === 'init/error');
    const payload = isKnown ? await read(request) : undefined;
    if (payload === undefined) {
      request.resume();
      return reply(response, isKnown ? 413 : 404);
    }
    reply(response, 202);
    if (id === undefined) return this.#events.onInitError(payload);
    // A stream that breaks off has its error in the trailers; here it is answered as a whole, so only that counts.
    const broken = request.trailers['lambda-runtime-function-error-body'];
    this.#events.onResult(decodeURIComponent(id), {
      kind: kind === 'error' || broken !== undefined ? 'error' : 'response',
      payload: broken === undefined ? payload : Buffer.from(broken, 'base64'),
      contentType: request.headers['content-type'],
    });
  }

  #next(response: ServerResponse): void {
    response.on('close', () => {
      if (this.#waiting === response) this.#waiting = undefined;
    });
    this.#waiting = response;
    this.#events.onNext();
    const queued = this.#queued;
    this.#queued = undefined;
    if (queued) this.give(queued);
  }
}

function deliver(response: ServerResponse, invocation: Invocation): void {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': invocation.payload.length,
    'lambda-runtime-aws-request-id': invocation.requestId,
    'lambda-runtime-deadline-ms': String(invocation.deadlineMs),
    'lambda-runtime-invoked-function-arn': invocation.arn,
    'lambda-runtime-trace-id': invocation.traceId,
    ...(invocation.clientContext !== undefined && {
      'lambda-runtime-client-context': invocation.clientContext,
    }),
  });
  response.end(invocation.payload);
}

function reply(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(status === 202 ? '{"status":"OK"}' : '{"errorType":"InvalidRequest"}');
}

/** The whole body; `undefined` when it is larger than a response may be or was cut off. */
async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes <= responseLimitBytes) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return sizeBytes <= responseLimitBytes ? Buffer.concat(chunks) : undefined;
}
