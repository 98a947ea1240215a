import type { ALBEvent, ALBResult, APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';
import type { HttpRequest } from '../http/message.ts';
import { respond } from '../http/routes.ts';
import type { Report, Service } from '../service.ts';
import { eventKind, type Fields, fieldsOf } from './kind.ts';

/** An HTTP API (payload 2.0) or a function URL. */
export const httpApi = eventKind<APIGatewayProxyEventV2>(
  'API Gateway HTTP API or function URL',
  (event) => isText(event.rawPath) && isText(contextOf(event, 'http').method),
  (event, service, report) => {
    const { method } = event.requestContext.http;
    return answer(requestOf(method, routeOf(event.rawPath, event), event), service, report);
  },
);

/** A REST API, or an HTTP API that is set to the same payload, 1.0. */
export const restApi = eventKind<APIGatewayProxyEvent>(
  'API Gateway REST API',
  (event) => isProxy(event) && !('elb' in fieldsOf(event.requestContext)),
  (event, service, report) =>
    answer(requestOf(event.httpMethod, routeOf(event.path, event), event), service, report),
);

/** What of a gateway's path is ours: base paths, and the stages of HTTP APIs, stay in the path that it tells. */
function routeOf(path: string, { resource, pathParameters, requestContext }: Gateway): string {
  const { proxy } = fieldsOf(pathParameters);
  if (isText(proxy)) return `/${proxy}`;
  if (isText(resource) && /^\/[^{]*$/.test(resource)) return resource;
  const { stage } = fieldsOf(requestContext);
  const staged = isText(stage) && stage !== '$default' && `${path}/`.startsWith(`/${stage}/`);
  return staged ? path.slice(stage.length + 1) : path;
}

/** A load balancer, with headers of one or of many values as its target group is set. */
export const loadBalancer = eventKind<ALBEvent>(
  'Application Load Balancer',
  (event) => isProxy(event) && 'elb' in fieldsOf(event.requestContext),
  async (event, service, report): Promise<ALBResult> => {
    const request = requestOf(event.httpMethod, event.path, event);
    const { headers, ...rest } = await answer(request, service, report);
    // The answer's headers must have the form of the question's, or the load balancer drops them.
    const multi = Object.entries(headers).map(([name, value]) => [name, [value]]);
    return event.multiValueHeaders
      ? { ...rest, multiValueHeaders: Object.fromEntries(multi) }
      : { ...rest, headers };
  },
);

async function answer(request: HttpRequest, service: Service, report: Report) {
  const { status, headers, body } = await respond(request, service, report);
  return { statusCode: status, headers, body, isBase64Encoded: false };
}

const isText = (value: unknown): value is string => typeof value === 'string';

const contextOf = (event: Fields, part: string): Fields => fieldsOf(fieldsOf(event.requestContext)[part]);

const isProxy = (event: Fields): boolean =>
  isText(event.httpMethod) && isText(event.path) && typeof event.requestContext === 'object';

/** The parts that tell a route, trusted no further than their types reach. */
interface Gateway {
  resource?: unknown;
  pathParameters?: unknown;
  requestContext?: unknown;
}

/** The parts that all of them have alike. */
interface Carrier {
  headers?: unknown;
  multiValueHeaders?: unknown;
  body?: unknown;
  isBase64Encoded?: unknown;
}

function requestOf(method: string, path: string, event: Carrier): HttpRequest {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(fieldsOf(event.multiValueHeaders)))
    if (Array.isArray(values)) headers.set(name.toLowerCase(), values.filter(isText).join(', '));
  for (const [name, value] of Object.entries(fieldsOf(event.headers)))
    if (isText(value)) headers.set(name.toLowerCase(), value);
  const body = isText(event.body) ? event.body : '';
  return {
    method: method.toUpperCase(),
    path: path.replace(/\/+$/, '') || '/',
    headers,
    body: event.isBase64Encoded ? Buffer.from(body, 'base64') : body,
  };
}
