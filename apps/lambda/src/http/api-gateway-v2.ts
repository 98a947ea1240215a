import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { HttpRequest, HttpResponse } from './message.ts';

/** An HTTP API (payload 2.0) or function URL event, told by what only they have. */
export function isV2(event: unknown): event is APIGatewayProxyEventV2 {
  const { rawPath, requestContext } = (event ?? {}) as {
    rawPath?: unknown;
    requestContext?: { http?: { method?: unknown } };
  };
  return typeof rawPath === 'string' && typeof requestContext?.http?.method === 'string';
}

/** The request in the event. */
export function fromV2(event: APIGatewayProxyEventV2): HttpRequest {
  const { stage, http } = event.requestContext;
  // With a stage of its own, an HTTP API leaves it in the path.
  const staged =
    typeof stage === 'string' && stage !== '$default' && `${event.rawPath}/`.startsWith(`/${stage}/`);
  const path = staged ? event.rawPath.slice(stage.length + 1) : event.rawPath;
  const headers = Object.entries(event.headers ?? {}).map(
    ([name, value]) => [name.toLowerCase(), `${value}`] as const,
  );
  const body = typeof event.body === 'string' ? event.body : '';
  return {
    method: http.method.toUpperCase(),
    path: path.replace(/\/+$/, '') || '/',
    headers: new Map(headers),
    body: event.isBase64Encoded ? Buffer.from(body, 'base64') : body,
  };
}

/** The response as an HTTP API and a function URL want it. */
export function toV2({ status, headers, body }: HttpResponse): APIGatewayProxyStructuredResultV2 {
  return { statusCode: status, headers, body, isBase64Encoded: false };
}
