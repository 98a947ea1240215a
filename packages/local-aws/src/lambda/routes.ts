import { createAlias, deleteAlias, getAlias, listAliases, updateAlias } from './operations/aliases.ts';
import { deleteConcurrency, getConcurrency, putConcurrency } from './operations/concurrency.ts';
import {
  createFunction,
  deleteFunction,
  getFunction,
  getFunctionConfiguration,
  listFunctions,
  updateFunctionCode,
  updateFunctionConfiguration,
} from './operations/functions.ts';
import { invoke } from './operations/invoke.ts';
import { addPermission, getPolicy, removePermission } from './operations/permissions.ts';
import { listTags, tagResource, untagResource } from './operations/tags.ts';
import {
  createFunctionUrl,
  deleteFunctionUrl,
  getFunctionUrl,
  listFunctionUrls,
  updateFunctionUrl,
} from './operations/urls.ts';
import { listVersions, publishVersion } from './operations/versions.ts';
import type { Operation } from './request.ts';

/** The REST API of Lambda as far as it is modelled: `*` is one path segment, handed on decoded. */
export const routes: Record<string, Operation> = {
  'POST /2015-03-31/functions': createFunction,
  'GET /2015-03-31/functions': listFunctions,
  'GET /2015-03-31/functions/*': getFunction,
  'DELETE /2015-03-31/functions/*': deleteFunction,
  'GET /2015-03-31/functions/*/configuration': getFunctionConfiguration,
  'PUT /2015-03-31/functions/*/configuration': updateFunctionConfiguration,
  'PUT /2015-03-31/functions/*/code': updateFunctionCode,
  'POST /2015-03-31/functions/*/versions': publishVersion,
  'GET /2015-03-31/functions/*/versions': listVersions,
  'POST /2015-03-31/functions/*/aliases': createAlias,
  'GET /2015-03-31/functions/*/aliases': listAliases,
  'GET /2015-03-31/functions/*/aliases/*': getAlias,
  'PUT /2015-03-31/functions/*/aliases/*': updateAlias,
  'DELETE /2015-03-31/functions/*/aliases/*': deleteAlias,
  'POST /2015-03-31/functions/*/policy': addPermission,
  'GET /2015-03-31/functions/*/policy': getPolicy,
  'DELETE /2015-03-31/functions/*/policy/*': removePermission,
  'POST /2015-03-31/functions/*/invocations': invoke,
  'POST /2021-10-31/functions/*/url': createFunctionUrl,
  'GET /2021-10-31/functions/*/url': getFunctionUrl,
  'PUT /2021-10-31/functions/*/url': updateFunctionUrl,
  'DELETE /2021-10-31/functions/*/url': deleteFunctionUrl,
  'GET /2021-10-31/functions/*/urls': listFunctionUrls,
  'PUT /2017-10-31/functions/*/concurrency': putConcurrency,
  'GET /2019-09-30/functions/*/concurrency': getConcurrency,
  'DELETE /2017-10-31/functions/*/concurrency': deleteConcurrency,
  'GET /2017-03-31/tags/*': listTags,
  'POST /2017-03-31/tags/*': tagResource,
  'DELETE /2017-03-31/tags/*': untagResource,
};

interface Route {
  method: string;
  segments: string[];
  operation: Operation;
}

const table: Route[] = Object.entries(routes).map(([route, operation]) => {
  const [method = '', path = ''] = route.split(' ');
  return { method, segments: path.split('/').slice(1), operation };
});

/** The operation of a method and path, with the path's variable segments. */
export function findRoute(
  method: string,
  rawPath: string,
): { operation: Operation; parts: string[] } | undefined {
  const segments = rawPath.replace(/\/$/, '').split('/').slice(1);
  const route = table.find(
    (one) =>
      one.method === method &&
      one.segments.length === segments.length &&
      one.segments.every((segment, index) => segment === '*' || segment === segments[index]),
  );
  if (!route) return undefined;
  const parts = segments.filter((_, index) => route.segments[index] === '*').map(decodeURIComponent);
  return { operation: route.operation, parts };
}
