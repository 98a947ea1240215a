import type { Take } from '../store.ts';
import { Connection } from './connection.ts';
import type { Answer, HttpOptions } from './http.ts';

/** GET requests over connections of our own, each used again when its answer was read to the end. */
export class Gets {
  private readonly options: HttpOptions;
  private readonly idle = new Map<string, Connection[]>();
  constructor(options: HttpOptions) {
    this.options = options;
  }

  /** Sends a GET; undefined if the answer's length is not known beforehand, which is for node:http to read. */
  async send(url: URL, headers: Record<string, string>): Promise<Answer | undefined> {
    for (;;) {
      const connection = this.take(url);
      try {
        const head = await connection.request(url, headers);
        const length = Number(head.headers['content-length'] ?? Number.NaN);
        const cancel = (error?: Error): void => connection.destroy(error);
        if (head.status >= 300 && head.headers['transfer-encoding'] === 'chunked')
          return { ...head, read: (take) => readChunked(connection, take), cancel };
        if (!Number.isInteger(length) || head.headers['transfer-encoding'] !== undefined) {
          cancel();
          return undefined;
        }
        return {
          ...head,
          read: async (take) => {
            await connection.read(length, take);
            if (connection.isFree) this.idle.get(url.origin)!.push(connection);
          },
          cancel,
        };
      } catch (error) {
        // The server may have closed a connection that was idle: that says nothing about this request.
        if (!connection.used) throw error;
      }
    }
  }

  private take(url: URL): Connection {
    const idle = this.idle.get(url.origin) ?? [];
    this.idle.set(url.origin, idle);
    for (let connection = idle.pop(); connection; connection = idle.pop())
      if (connection.isFree) return connection;
    return new Connection(url, this.options);
  }
}

/** The short body of a refusal, which S3 sends in chunks: gathered whole, then handed on. The connection is not used again. */
async function readChunked(connection: Connection, take: Take): Promise<void> {
  const complete = new Error('complete');
  let raw = Buffer.alloc(0);
  await connection
    .read(Number.POSITIVE_INFINITY, (bytes) => {
      raw = Buffer.concat([raw, bytes]);
      if (raw.toString('latin1', raw.length - 5) === '0\r\n\r\n' || raw.length > 1 << 20) throw complete;
    })
    .catch((error: unknown) => {
      if (error !== complete) throw error;
    });
  for (let at = 0; ; ) {
    const end = raw.indexOf('\r\n', at);
    const length = Number.parseInt(raw.toString('latin1', at, end), 16);
    if (end < 0 || !(length > 0)) return;
    take(raw.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
}
