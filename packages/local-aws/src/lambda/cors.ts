import type { IncomingHttpHeaders } from 'node:http';

/** What a function URL answers to browsers of other origins. */
export interface Cors {
  allowOrigins: string[];
  allowMethods: string[];
  allowHeaders: string[];
  exposeHeaders: string[];
  allowCredentials: boolean;
  maxAgeSeconds?: number;
}

/** Whether a request only asks what a browser may send: Lambda answers it itself, the function never sees it. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** The headers Lambda adds for the origin of a request; none for an origin that isn't allowed. */
export function corsHeaders(
  cors: Cors,
  headers: IncomingHttpHeaders,
  preflight: boolean,
): Record<string, string> {
  const { origin } = headers;
  const isAllowed = cors.allowOrigins.some((one) => one === '*' || one === origin);
  if (origin === undefined || !isAllowed) return {};
  const anyOrigin = cors.allowOrigins.includes('*') && !cors.allowCredentials;
  const list = (name: string, values: string[]) => (values.length > 0 ? { [name]: values.join(',') } : {});
  return {
    'access-control-allow-origin': anyOrigin ? '*' : origin,
    ...(!anyOrigin && { vary: 'Origin' }),
    ...(cors.allowCredentials && { 'access-control-allow-credentials': 'true' }),
    ...list('access-control-expose-headers', cors.exposeHeaders),
    ...(preflight && {
      ...list('access-control-allow-methods', cors.allowMethods),
      ...list('access-control-allow-headers', cors.allowHeaders),
      ...(cors.maxAgeSeconds !== undefined && { 'access-control-max-age': String(cors.maxAgeSeconds) }),
    }),
  };
}
