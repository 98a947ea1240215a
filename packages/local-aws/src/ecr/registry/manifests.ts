import { AwsError } from '../../errors.ts';
import { type Call, type Reply, readBody } from '../../http/call.ts';
import type { EcrStore } from '../ecr-store.ts';
import { putManifest } from '../put-manifest.ts';
import { type Repository, resolve } from '../repository.ts';

const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}$/;

/** GET and HEAD of a manifest by tag or digest. */
export function getManifest(store: EcrStore, repository: Repository, reference: string): Reply {
  const digest = resolve(repository, reference);
  if (!digest) throw new AwsError('MANIFEST_UNKNOWN', 'Requested image not found', 404);
  return {
    status: 200,
    headers: {
      'content-type': repository.images[digest]!.mediaType,
      'docker-content-digest': digest,
    },
    body: store.manifest(digest),
  };
}

/** PUT of a manifest; pushing again what is there succeeds. */
export async function putTaggedManifest(
  store: EcrStore,
  repository: Repository,
  call: Call,
  reference: string,
): Promise<Reply> {
  if (!reference.startsWith('sha256:') && !tagPattern.test(reference))
    throw new AwsError('TAG_INVALID', `Invalid tag '${reference}'`);
  const bytes = await readBody(call, 4 << 20);
  const contentType = call.headers['content-type']?.split(';')[0]?.trim();
  // Read again: while the body arrived another push may have changed the repository.
  const current = store.get(repository.name);
  const { digest } = putManifest(store, current, bytes, contentType, reference);
  const subject = store.get(repository.name).images[digest]?.subject;
  return {
    status: 201,
    headers: {
      location: `/v2/${repository.name}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(subject && { 'oci-subject': subject }),
    },
  };
}

/** GET tags/list, paged with `n` and `last`. */
export function listTags(repository: Repository, call: Call): Reply {
  const last = call.query.get('last') ?? '';
  const limit = Number(call.query.get('n') ?? '1000');
  const tags = Object.keys(repository.tags)
    .sort()
    .filter((tag) => tag > last);
  const page = tags.slice(0, Number.isInteger(limit) && limit > 0 ? limit : 1000);
  const next = page.length < tags.length ? page.at(-1) : undefined;
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      ...(next && { link: `</v2/${repository.name}/tags/list?n=${limit}&last=${next}>; rel="next"` }),
    },
    body: JSON.stringify({ name: repository.name, tags: page }),
  };
}

/** GET referrers: an index of the manifests whose subject is `subject`. */
export function listReferrers(repository: Repository, subject: string, store: EcrStore): Reply {
  const manifests = Object.entries(repository.images)
    .filter(([, image]) => image.subject === subject)
    .map(([digest, image]) => ({
      mediaType: image.mediaType,
      digest,
      size: store.manifest(digest).length,
      ...(image.artifactType && { artifactType: image.artifactType }),
      ...(image.annotations && { annotations: image.annotations }),
    }));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  return {
    status: 200,
    headers: { 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, manifests }),
  };
}
