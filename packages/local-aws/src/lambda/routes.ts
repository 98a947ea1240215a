import { decodePath } from '../http/decode-path.ts';
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
import { deleteProvisioned, getProvisioned, putProvisioned } from './operations/provisioned-concurrency.ts';
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
const routes: Routes = {
  CreateFunction: ['POST /2015-03-31/functions', createFunction],
  ListFunctions: ['GET /2015-03-31/functions', listFunctions],
  GetFunction: ['GET /2015-03-31/functions/*', getFunction],
  DeleteFunction: ['DELETE /2015-03-31/functions/*', deleteFunction],
  GetFunctionConfiguration: ['GET /2015-03-31/functions/*/configuration', getFunctionConfiguration],
  UpdateFunctionConfiguration: ['PUT /2015-03-31/functions/*/configuration', updateFunctionConfiguration],
  UpdateFunctionCode: ['PUT /2015-03-31/functions/*/code', updateFunctionCode],
  PublishVersion: ['POST /2015-03-31/functions/*/versions', publishVersion],
  ListVersionsByFunction: ['GET /2015-03-31/functions/*/versions', listVersions],
  CreateAlias: ['POST /2015-03-31/functions/*/aliases', createAlias],
  ListAliases: ['GET /2015-03-31/functions/*/aliases', listAliases],
  GetAlias: ['GET /2015-03-31/functions/*/aliases/*', getAlias],
  UpdateAlias: ['PUT /2015-03-31/functions/*/aliases/*', updateAlias],
  DeleteAlias: ['DELETE /2015-03-31/functions/*/aliases/*', deleteAlias],
  AddPermission: ['POST /2015-03-31/functions/*/policy', addPermission],
  GetPolicy: ['GET /2015-03-31/functions/*/policy', getPolicy],
  RemovePermission: ['DELETE /2015-03-31/functions/*/policy/*', removePermission],
  Invoke: ['POST /2015-03-31/functions/*/invocations', invoke],
  CreateFunctionUrlConfig: ['POST /2021-10-31/functions/*/url', createFunctionUrl],
  GetFunctionUrlConfig: ['GET /2021-10-31/functions/*/url', getFunctionUrl],
  UpdateFunctionUrlConfig: ['PUT /2021-10-31/functions/*/url', updateFunctionUrl],
  DeleteFunctionUrlConfig: ['DELETE /2021-10-31/functions/*/url', deleteFunctionUrl],
  ListFunctionUrlConfigs: ['GET /2021-10-31/functions/*/urls', listFunctionUrls],
  PutFunctionConcurrency: ['PUT /2017-10-31/functions/*/concurrency', putConcurrency],
  GetFunctionConcurrency: ['GET /2019-09-30/functions/*/concurrency', getConcurrency],
  DeleteFunctionConcurrency: ['DELETE /2017-10-31/functions/*/concurrency', deleteConcurrency],
  PutProvisionedConcurrencyConfig: ['PUT /2019-09-30/functions/*/provisioned-concurrency', putProvisioned],
  GetProvisionedConcurrencyConfig: ['GET /2019-09-30/functions/*/provisioned-concurrency', getProvisioned],
  DeleteProvisionedConcurrencyConfig: [
    'DELETE /2019-09-30/functions/*/provisioned-concurrency',
    deleteProvisioned,
  ],
  ListTags: ['GET /2017-03-31/tags/*', listTags],
  TagResource: ['POST /2017-03-31/tags/*', tagResource],
  UntagResource: ['DELETE /2017-03-31/tags/*', untagResource],
};

export interface Route {
  /** The API's name of the operation. */
  name: string;
  method: string;
  segments: string[];
  operation: Operation;
}

/** Operations by the API's name, each with its method and path. */
export type Routes = Record<string, [route: string, operation: Operation]>;

/** The routes of Lambda itself and of what is added to it, taken apart. */
export function compileRoutes(added: Routes = {}): Route[] {
  return Object.entries({ ...routes, ...added }).map(([name, [route, operation]]) => {
    const [method = '', path = ''] = route.split(' ');
    return { name, method, segments: path.split('/').slice(1), operation };
  });
}

/** The route of a method and path, with the path's variable segments. */
export function findRoute(
  table: Route[],
  method: string,
  rawPath: string,
): { route: Route; parts: string[] } | undefined {
  const segments = rawPath.replace(/\/$/, '').split('/').slice(1);
  const route = table.find(
    (one) =>
      one.method === method &&
      one.segments.length === segments.length &&
      one.segments.every((segment, index) => segment === '*' || segment === segments[index]),
  );
  if (!route) return undefined;
  return {
    route,
    parts: segments
      .filter((_, index) => route.segments[index] === '*')
      .map((segment) => decodePath(segment, 'ValidationException')),
  };
}
