import type { Classifier } from '@mainline/classifier';
import { errorBody, RequestError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { predict, readTexts } from '../predict.ts';
import { type HttpRequest, type HttpResponse, readJsonBody } from './message.ts';
import { renderPage } from './page.ts';

/** What a route needs to answer. */
export interface Service {
  classifier: Classifier;
  limits: Limits;
  /** The origin whose pages may call this from a browser: "*" is any, "" none. */
  allowOrigin: string;
}

/** What a request came to, for the log: no part of it is the client's own words. */
export interface Outcome {
  route: string;
  texts: number;
  truncated: number;
}

type Route = (
  request: HttpRequest,
  service: Service,
  outcome: Outcome,
) => HttpResponse | Promise<HttpResponse>;

const routes: Record<string, Record<string, Route>> = {
  '/': { GET: (_, { classifier }) => renderPage(classifier.manifest) },
  '/health': {
    GET: (_, { classifier: { manifest } }) =>
      json(200, { status: 'ok', model: { name: manifest.name, version: manifest.version } }),
  },
  '/model': { GET: (_, { classifier }) => json(200, classifier.manifest) },
  '/predict': {
    POST: async (request, { classifier, limits }, outcome) => {
      const texts = readTexts(readJsonBody(request, limits), limits);
      outcome.texts = texts.length;
      const started = performance.now();
      const answer = await predict(classifier, texts);
      outcome.truncated = answer.predictions.filter(({ truncated }) => truncated).length;
      const timing = `predict;dur=${(performance.now() - started).toFixed(2)}`;
      return json(200, answer, { 'server-timing': timing });
    },
  },
};

/** Answers a request; what is wrong with it becomes the 4xx it deserves, anything else is thrown on. */
export async function respond(
  request: HttpRequest,
  service: Service,
  outcome: Outcome,
): Promise<HttpResponse> {
  let response: HttpResponse;
  try {
    response = await dispatch(request, service, outcome);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    response = json(error.status, errorBody(error.code, error.message), error.headers);
  }
  if (service.allowOrigin) response.headers['access-control-allow-origin'] = service.allowOrigin;
  if (request.method === 'HEAD') response.body = '';
  return response;
}

function dispatch(
  request: HttpRequest,
  service: Service,
  outcome: Outcome,
): HttpResponse | Promise<HttpResponse> {
  const methods = Object.hasOwn(routes, request.path) ? routes[request.path] : undefined;
  if (!methods)
    throw new RequestError(404, 'not_found', `There is nothing here: try ${Object.keys(routes).join(', ')}.`);
  outcome.route = request.path;
  const allow = ['OPTIONS', ...Object.keys(methods), ...('GET' in methods ? ['HEAD'] : [])].join(', ');
  if (request.method === 'OPTIONS') return preflight(allow);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!route)
    throw new RequestError(405, 'method_not_allowed', `${request.path} answers to ${allow}.`, { allow });
  return route(request, service, outcome);
}

/** A JSON response that no cache keeps. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}

function preflight(allow: string): HttpResponse {
  return {
    status: 204,
    headers: {
      allow,
      'access-control-allow-methods': allow,
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '86400',
    },
    body: '',
  };
}
