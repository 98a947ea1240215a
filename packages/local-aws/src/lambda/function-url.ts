import { AwsError } from '../errors.ts';
import { type Call, type Reply, readBody } from '../http/call.ts';
import { credentialScope } from '../http/credential-scope.ts';
import { decodePath } from '../http/decode-path.ts';
import { account } from '../identity.ts';
import { corsHeaders, isPreflight } from './cors.ts';
import type { LambdaFunction, UrlConfig } from './function.ts';
import { invocable } from './operations/invoke.ts';
import { allowsPublicUrl } from './operations/permissions.ts';
import type { Context } from './request.ts';

const prefix = '/lambda-url/';

/** Whether a path belongs to a function URL. */
export function isFunctionUrl(rawPath: string): boolean {
  return rawPath.startsWith(prefix);
}

/** Answers a request to a function URL: an HTTP API event (payload format 2.0) in, its response out. */
export async function serveFunctionUrl(context: Context, call: Call): Promise<Reply> {
  const [, id = '', rest = ''] = call.rawPath.match(/^\/lambda-url\/([^/]*)(.*)$/s) ?? [];
  const found = find(context, id);
  if (!found) return message(403, 'Forbidden');
  const { fn, url } = found;
  const { qualifier } = url;
  const isAllowed =
    url.authType === 'NONE' ? allowsPublicUrl(fn, qualifier) : credentialScope(call)?.service === 'lambda';
  if (!isAllowed)
    return message(
      403,
      'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html',
    );
  const preflight = isPreflight(call.method, call.headers);
  const cors = url.cors ? corsHeaders(url.cors, call.headers, preflight) : {};
  if (url.cors && preflight) return { status: 200, headers: cors };
  try {
    const version = invocable(context, fn, qualifier);
    const path = decodePath(rest || '/', 'BadRequest');
    const payload = Buffer.from(JSON.stringify(await toEvent(call, url, path)));
    const result = await context.workers.invoke(fn, version, {
      payload,
      qualifier,
      requestId: call.requestId,
    });
    if (result.isError) return { status: 502, headers: text, body: 'Internal Server Error' };
    const reply = fromResult(result.payload, result.contentType);
    return { ...reply, headers: { ...reply.headers, ...cors } };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return message(error.status === 409 ? 502 : error.status, error.message);
  }
}

const text = { 'content-type': 'text/plain' };

function message(status: number, Message: string): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Message }) };
}

function find(context: Context, id: string): { fn: LambdaFunction; url: UrlConfig } | undefined {
  for (const fn of context.store.all) {
    const url = fn.urls.find((one) => one.id === id);
    if (url) return { fn, url };
  }
  return undefined;
}

const textual = /^(text\/|application\/(json|javascript|xml|[\w.-]+\+(json|xml)))/i;

async function toEvent(call: Call, url: UrlConfig, rawPath: string): Promise<object> {
  const body = await readBody(call, 6 * 1024 * 1024);
  const { cookie, ...others } = call.headers;
  const headers = Object.fromEntries(
    Object.entries(others).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  );
  const isText = textual.test(call.headers['content-type'] ?? '');
  const now = new Date();
  const domainName = `${url.id}.lambda-url.us-east-1.on.aws`;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: call.rawQuery,
    ...(cookie && { cookies: cookie.split('; ') }),
    headers,
    ...(call.rawQuery && { queryStringParameters: joinRepeated(call.query) }),
    requestContext: {
      accountId: url.authType === 'NONE' ? 'anonymous' : account,
      apiId: url.id,
      domainName,
      domainPrefix: url.id,
      http: {
        method: call.method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: call.headers['user-agent'] ?? '',
      },
      requestId: call.requestId,
      routeKey: '$default',
      stage: '$default',
      time: clfTime(now),
      timeEpoch: now.getTime(),
    },
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

function joinRepeated(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...new Set(query.keys())].map((key) => [key, query.getAll(key).join(',')]));
}

/** `20/Nov/2026:14:03:58 +0000` */
function clfTime(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().match(/, (\d+) (\w+) (\d+) ([\d:]+)/) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

/** Reads a handler's answer as a function URL does: with a status code, as plain JSON, or as a stream with its prelude. */
function fromResult(payload: Buffer, contentType: string | undefined): Reply {
  if (contentType === 'application/vnd.awslambda.http-integration-response') {
    const end = payload.indexOf(Buffer.alloc(8));
    const prelude = parseObject(payload.subarray(0, end)) ?? {};
    return httpReply(prelude, payload.subarray(end + 8));
  }
  const value = parseObject(payload);
  if (value === undefined || typeof value.statusCode !== 'number')
    return { status: 200, headers: { 'content-type': contentType ?? 'application/json' }, body: payload };
  const body =
    typeof value.body === 'string' ? value.body : value.body === undefined ? '' : JSON.stringify(value.body);
  return httpReply(value, value.isBase64Encoded === true ? Buffer.from(body, 'base64') : Buffer.from(body));
}

function httpReply(value: Record<string, unknown>, body: Buffer): Reply {
  const given =
    typeof value.headers === 'object' && value.headers !== null ? Object.entries(value.headers) : [];
  const headers: Record<string, string | string[]> = { 'content-type': 'application/json' };
  for (const [name, one] of given) headers[name.toLowerCase()] = String(one);
  // The length is that of the body, whatever the handler thinks it is.
  delete headers['content-length'];
  if (Array.isArray(value.cookies)) headers['set-cookie'] = value.cookies.map(String);
  const status = Number(value.statusCode ?? 200);
  if (!Number.isInteger(status) || status < 200 || status > 599)
    return { status: 502, headers: text, body: 'Internal Server Error' };
  return { status, headers, body };
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
