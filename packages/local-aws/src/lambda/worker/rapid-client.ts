import { Agent, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';

/**
 * Stands in for `rapid-client.node`, the native addon of aws-lambda-ric 4.0.2, so that no compiler is needed. The
 * names, arguments and results are that version's: when the pin moves, compare with `src/native/rapid-client.cc`.
 */
const [hostname = '127.0.0.1', port = '80'] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':');
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** The post under way: the addon's calls block, so the next event is asked for only once the last answer is out. */
let posted: Promise<unknown> = Promise.resolve();

interface Answer {
  bodyJson: string;
  headers: IncomingHttpHeaders;
}

function send(options: RequestOptions, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, hostname, port, ...options }, (response) => {
      let bodyJson = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          bodyJson += chunk;
        })
        .on('end', () => resolve({ bodyJson, headers: response.headers }))
        .on('error', reject);
    });
    sent.on('error', reject).end(body);
  });
}

function post(path: string, body: string, headers: Record<string, string>): void {
  const options = {
    method: 'POST',
    path: `/2018-06-01/runtime/invocation/${path}`,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
  };
  // The other side is gone only when this process is about to be ended too.
  posted = send(options, body).catch(() => {});
}

/** Waits for the next event. */
export async function next(): Promise<Answer> {
  await posted;
  return send({ method: 'GET', path: '/2018-06-01/runtime/invocation/next' });
}

/** Posts the handler's result. */
export function done(id: string, body: string): void {
  post(`${id}/response`, body, {});
}

/** Posts the handler's error. */
export function error(id: string, body: string, xrayCause: string): void {
  const { errorType } = JSON.parse(body) as { errorType?: string };
  post(`${id}/error`, body, {
    'lambda-runtime-function-error-type': headerValue(errorType ?? 'Error'),
    'lambda-runtime-function-xray-error-cause': headerValue(xrayCause ?? ''),
  });
}

/** UTF-8 bytes as the addon's curl sends them; a message with "…" in it would make Node refuse the header otherwise. */
function headerValue(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[\x00-\x08\x0a-\x1f\x7f]/g, ' ');
}
