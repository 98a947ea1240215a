import { createReadStream } from 'node:fs';
import { AwsError } from '../../errors.ts';
import type { Call, Reply } from '../../http/call.ts';
import { parseRange } from '../../http/range.ts';
import type { EcrStore } from '../ecr-store.ts';
import type { Repository } from '../repository.ts';

/** GET and HEAD of a blob, whole or from where a broken download stopped. */
export function getBlob(store: EcrStore, repository: Repository, call: Call, digest: string): Reply {
  const sizeBytes = Object.hasOwn(repository.blobs, digest) ? repository.blobs[digest] : undefined;
  if (sizeBytes === undefined)
    throw new AwsError('BLOB_UNKNOWN', `The layer with digest '${digest}' does not exist`, 404);
  const range = parseRange(call.headers.range, sizeBytes);
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    'content-length': range ? range.end - range.start + 1 : sizeBytes,
    ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${sizeBytes}` }),
  };
  const status = range ? 206 : 200;
  if (call.method === 'HEAD') return { status, headers };
  return { status, headers, body: createReadStream(store.blobPath(digest), range) };
}
