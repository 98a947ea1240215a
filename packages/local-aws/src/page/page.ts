import { AwsError } from '../errors.ts';
import type { Call } from '../http/call.ts';
import type { Service } from '../http/service.ts';
import { document, html } from './html.ts';
import { type Overview, renderLog, renderOverview } from './overview.ts';

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'cache-control': 'no-store',
};

/** Whether a browser asks for the page: S3's root without a signature would only be refused. */
export function isPage(call: Call): boolean {
  return call.method === 'GET' && (call.rawPath === '/' || call.rawPath.startsWith('/_local/'));
}

/** The page for people: read only, and only under a name of this machine, so that no site can read it by DNS rebinding. */
export function createPage(overview: (call: Call) => Overview): Service {
  return {
    name: 'page',
    operationOf: (call) => call.rawPath,
    async handle(call) {
      const { hostname } = new URL(`http://${call.headers.host}`);
      if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname))
        throw new AwsError('Forbidden', `This page is for 127.0.0.1, not for ${hostname}`, 403);
      const shown = overview(call);
      if (call.rawPath === '/') return { status: 200, headers, body: renderOverview(shown) };
      const [group, stream] = [call.query.get('group'), call.query.get('stream')];
      if (call.rawPath !== '/_local/logs' || !group || !stream || !shown.logs.hasStream(group, stream))
        throw new AwsError('NotFound', 'There is nothing here', 404);
      return { status: 200, headers, body: renderLog(shown.logs, group, stream) };
    },
    refusal: (error) => ({
      status: error.status,
      headers,
      body: document('Local AWS', html`<h1><a href="/">Local AWS</a></h1><p>${error.message}</p>`),
    }),
  };
}
