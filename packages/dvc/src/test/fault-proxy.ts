import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with one answer. */
export type Fault =
  /** Refused with this status and S3 error code. */
  | { kind: 'status'; status: number; code: string; headers?: Record<string, string> }
  /** The connection is reset after so many bytes of the body. */
  | { kind: 'reset'; afterBytes: number }
  /** The body ends after so many bytes, though its length was announced right. */
  | { kind: 'end'; afterBytes: number }
  /** The body is shorter, and so is the announced length. */
  | { kind: 'shorten'; toBytes: number }
  /** Some bytes of the body are others. */
  | { kind: 'garble' }
  /** One byte at a time, so far apart. */
  | { kind: 'drip'; everyMs: number }
  /** Nothing is answered at all. */
  | { kind: 'hang' }
  /** The answer says it is for other bytes than were asked for. */
  | { kind: 'content-range'; value: string };

/** Decides about each request, in order of arrival; undefined lets it through. */
export type FaultPlan = (request: {
  method: string;
  path: string;
  range: string | undefined;
  count: number;
}) => Fault | undefined;

/** A proxy in front of an S3 server that spoils the answers its plan picks. */
export interface FaultProxy {
  url: string;
  plan: FaultPlan;
  requests: string[];
  close(): Promise<void>;
}

/** Starts a proxy on a free port; `target` is the server's url. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const upstream = new URL(target);
  const proxy: FaultProxy = { url: '', plan: () => undefined, requests: [], close: async () => {} };
  const server = createServer((incoming, outgoing) => {
    proxy.requests.push(`${incoming.method} ${incoming.url}`);
    const fault = proxy.plan({
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      range: incoming.headers.range,
      count: proxy.requests.length,
    });
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'status') {
      incoming.resume();
      outgoing.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers });
      outgoing.end(`<Error><Code>${fault.code}</Code><Message>spoilt</Message></Error>`);
      return;
    }
    const { method, url, headers } = incoming;
    const onward = request(
      { host: upstream.hostname, port: upstream.port, method, path: url, headers, agent: false },
      (answer) => spoil(answer, outgoing, fault),
    );
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return proxy;
}

async function spoil(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<void> {
  const headers = { ...answer.headers };
  if (fault?.kind === 'content-range') headers['content-range'] = fault.value;
  if (fault?.kind === 'shorten') headers['content-length'] = String(fault.toBytes);
  outgoing.writeHead(answer.statusCode ?? 500, headers);
  let sent = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const limit =
      fault?.kind === 'reset' || fault?.kind === 'end'
        ? fault.afterBytes
        : fault?.kind === 'shorten'
          ? fault.toBytes
          : Number.POSITIVE_INFINITY;
    const bytes = chunk.subarray(0, limit - sent);
    if (fault?.kind === 'garble') bytes[0] = bytes[0]! ^ 1;
    if (fault?.kind === 'drip') {
      for (const byte of bytes) {
        if (outgoing.destroyed) return;
        outgoing.write(Buffer.of(byte));
        await new Promise((resolve) => setTimeout(resolve, fault.everyMs));
      }
    } else if (!outgoing.write(bytes)) await new Promise((resolve) => outgoing.once('drain', resolve));
    sent += bytes.length;
    if (sent >= limit) {
      if (fault?.kind === 'reset') outgoing.socket?.resetAndDestroy();
      else if (fault?.kind === 'end') outgoing.socket?.end();
      break;
    }
  }
  outgoing.end();
}
