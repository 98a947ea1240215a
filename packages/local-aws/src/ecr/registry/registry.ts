import { AwsError } from '../../errors.ts';
import type { Call, Reply } from '../../http/call.ts';
import { decodePath } from '../../http/decode-path.ts';
import type { Service } from '../../http/service.ts';
import type { EcrStore } from '../ecr-store.ts';
import { isPublic, type Repository } from '../repository.ts';
import { getBlob } from './blobs.ts';
import { getManifest, listReferrers, listTags, putTaggedManifest } from './manifests.ts';
import { Uploads } from './uploads.ts';

/** ECR's exceptions in the words of the distribution spec, with the status ECR gives them. */
const spoken: Record<string, [code: string, status: number]> = {
  RepositoryNotFoundException: ['NAME_UNKNOWN', 404],
  ImageTagAlreadyExistsException: ['TAG_INVALID', 400],
  ImageDigestDoesNotMatchException: ['DIGEST_INVALID', 400],
  LayersNotFoundException: ['MANIFEST_BLOB_UNKNOWN', 404],
  ReferencedImagesNotFoundException: ['MANIFEST_UNKNOWN', 404],
  InvalidParameterException: ['MANIFEST_INVALID', 400],
  RequestTooLargeException: ['SIZE_INVALID', 413],
};

const version = { 'docker-distribution-api-version': 'registry/2.0' };
const kinds = /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests|tags|referrers)\/?(.*)$/;

/** The registry behind `/v2/`: the OCI distribution protocol over the same repositories as ECR's control plane. */
export function createRegistry(store: EcrStore): Service {
  const uploads = new Uploads(store);

  async function route(call: Call): Promise<Reply> {
    const path = decodePath(call.rawPath, 'InvalidParameterException');
    const [, name = '', kind = '', rest = ''] = path.match(kinds) ?? [];
    const isPull = call.method === 'GET' || call.method === 'HEAD';
    if (!(isPull && isPublic(name))) authorize(store, call);
    if (!isPull && isPublic(name))
      throw new AwsError(
        'DENIED',
        `${name} stands in for a public image of AWS's: nobody can push to it`,
        403,
      );
    if (path === '/v2/' || path === '/v2') return { status: 200, body: '{}' };
    if (name === '') throw new AwsError('UNSUPPORTED', 'The operation is unsupported.', 404);
    const repository = store.get(name);
    return onRepository(call, repository, kind, rest);
  }

  function onRepository(
    call: Call,
    repository: Repository,
    kind: string,
    rest: string,
  ): Reply | Promise<Reply> {
    const isPull = call.method === 'GET' || call.method === 'HEAD';
    if (kind === 'blobs/uploads') return uploads.handle(call, repository, rest);
    if (kind === 'blobs' && isPull) return getBlob(store, repository, call, rest);
    if (kind === 'manifests' && isPull) return getManifest(store, repository, rest);
    if (kind === 'manifests' && call.method === 'PUT')
      return putTaggedManifest(store, repository, call, rest);
    if (kind === 'tags' && rest === 'list' && isPull) return listTags(repository, call);
    if (kind === 'referrers' && isPull) return listReferrers(repository, rest, store);
    throw new AwsError('UNSUPPORTED', 'The operation is unsupported.', 405);
  }

  return {
    name: 'registry',
    operationOf: (call) => `${call.method} ${call.rawPath.match(kinds)?.[2] ?? ''}`,
    async handle(call) {
      const reply = await route(call);
      return { ...reply, headers: { ...version, ...reply.headers } };
    },
    refusal(error) {
      const [code, status] = spoken[error.code] ?? [error.code, error.status];
      return {
        status,
        headers: { 'content-type': 'application/json; charset=utf-8', ...version, ...error.headers },
        body: JSON.stringify({ errors: [{ code, message: error.message, ...error.fields }] }),
      };
    },
  };
}

/** `Basic AWS:token`, with the token from GetAuthorizationToken. */
function authorize(store: EcrStore, call: Call): void {
  const [, basic = ''] = call.headers.authorization?.match(/^Basic (.+)$/i) ?? [];
  const [, user, password = ''] =
    Buffer.from(basic, 'base64')
      .toString('utf8')
      .match(/^([^:]*):(.*)$/s) ?? [];
  const state = user === 'AWS' ? store.tokens.check(password) : 'unknown';
  if (state === 'expired')
    throw new AwsError('DENIED', 'Your authorization token has expired. Reauthenticate and try again.', 403);
  if (state === 'unknown')
    throw new AwsError('UNAUTHORIZED', 'Not Authorized', 401, {
      headers: { 'www-authenticate': `Basic realm="${call.origin}/",service="ecr.amazonaws.com"` },
    });
}
