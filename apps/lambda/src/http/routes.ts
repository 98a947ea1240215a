import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Classifier } from '@mainline/classifier';
import { errorBody, RequestError } from '../errors.ts';
import { predict, readTexts } from '../predict.ts';
import type { Report, Service } from '../service.ts';
import { type HttpRequest, type HttpResponse, readJsonBody } from './message.ts';
import { renderPage } from './page.ts';

type Route = (request: HttpRequest, service: Service, report: Report) => HttpResponse | Promise<HttpResponse>;

const routes: Record<string, Record<string, Route>> = {
  '/': { GET: (_, { classifier }) => renderPage(classifier.manifest) },
  '/health': {
    GET: (_, { classifier: { manifest } }) =>
      json(200, { status: 'ok', model: { name: manifest.name, version: manifest.version } }),
  },
  '/model': { GET: (_, { classifier }) => json(200, classifier.manifest) },
  '/report': { GET: (_, { classifier }) => readReport(classifier) },
  '/predict': {
    POST: async (request, service, report) => {
      const texts = readTexts(readJsonBody(request, service.limits), service.limits);
      const answer = await predict(texts, service, report);
      const timing = `tokenize;dur=${report.tokenizeMs.toFixed(2)}, run;dur=${report.runMs.toFixed(2)}`;
      return json(200, answer, { 'server-timing': timing });
    },
  },
};

/** Answers a request, whatever it is: what is wrong with it gets the 4xx it deserves, what is wrong here a 500. */
export async function respond(request: HttpRequest, service: Service, report: Report): Promise<HttpResponse> {
  let response: HttpResponse;
  try {
    response = await dispatch(request, service, report);
  } catch (error) {
    response = refuse(error, report);
  }
  Object.assign(response.headers, originHeaders(service.allowOrigin, request.headers.get('origin')));
  if (request.method === 'HEAD') response.body = '';
  report.status = response.status;
  return response;
}

function refuse(error: unknown, report: Report): HttpResponse {
  if (error instanceof RequestError)
    return json(error.status, errorBody(error.code, error.message), error.headers);
  report.error = error instanceof Error ? error.stack : String(error);
  return json(500, errorBody('internal', 'The model could not answer; the log has the reason.'));
}

function dispatch(
  request: HttpRequest,
  service: Service,
  report: Report,
): HttpResponse | Promise<HttpResponse> {
  const methods = Object.hasOwn(routes, request.path) ? routes[request.path] : undefined;
  if (!methods)
    throw new RequestError(404, 'not_found', `There is nothing here: try ${Object.keys(routes).join(', ')}.`);
  report.route = request.path;
  const allow = ['OPTIONS', ...Object.keys(methods), ...('GET' in methods ? ['HEAD'] : [])].join(', ');
  if (request.method === 'OPTIONS') return preflight(allow);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!route)
    throw new RequestError(405, 'method_not_allowed', `${request.path} answers to ${allow}.`, { allow });
  return route(request, service, report);
}

function readReport({ folder, manifest: { name, report } }: Classifier): HttpResponse {
  if (report === undefined) throw new RequestError(404, 'not_found', `${name} comes without a report.`);
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
  return { status: 200, headers, body: readFileSync(join(folder, report), 'utf8') };
}

/** A JSON response that no cache keeps. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  };
}

/** One origin is told to all; of several, each is told of itself alone. */
function originHeaders(allowed: string, origin = ''): Record<string, string> {
  const origins = allowed.split(/[\s,]+/).filter((one) => one !== '');
  const told = origins.length > 1 ? origins.find((one) => one === origin) : origins[0];
  return {
    ...(origins.length > 1 && { vary: 'origin' }),
    ...(told !== undefined && { 'access-control-allow-origin': told }),
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
