import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createWriteStream, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { AwsError } from '../../errors.ts';
import type { Call, Reply } from '../../http/call.ts';
import type { EcrStore } from '../ecr-store.ts';
import type { Repository } from '../repository.ts';

interface Upload {
  repository: string;
  file: string;
  hash: Hash;
  sizeBytes: number;
  hasChunk: boolean;
}

/** Blob uploads: POST opens one, PATCH may send the bytes, PUT closes it under the digest the client claims. */
export class Uploads {
  readonly #store: EcrStore;
  readonly #open = new Map<string, Upload>();

  constructor(store: EcrStore) {
    this.#store = store;
  }

  async handle(call: Call, repository: Repository, id: string): Promise<Reply> {
    if (call.method === 'POST' && id === '') return this.#start(call, repository);
    const upload = this.#open.get(id);
    if (!upload || upload.repository !== repository.name)
      throw new AwsError('BLOB_UPLOAD_UNKNOWN', 'The upload does not exist', 404);
    if (call.method === 'PATCH') return this.#patch(call, upload, id);
    if (call.method === 'PUT') return this.#finish(call, upload, id);
    if (call.method === 'GET') return { status: 204, headers: this.#progress(upload, id) };
    if (call.method === 'DELETE') {
      this.#discard(upload, id);
      return { status: 204 };
    }
    throw new AwsError('UNSUPPORTED', 'The operation is unsupported.', 405);
  }

  #start(call: Call, repository: Repository): Reply {
    call.body.resume();
    const { query } = call;
    const [mount, from] = [query.get('mount'), query.get('from')];
    // As in ECR, mounting is an account setting that starts out disabled; the answer is then a plain upload.
    const source =
      mount && from && this.#store.setting('BLOB_MOUNTING') === 'ENABLED' && this.#store.find(from);
    if (source && Object.hasOwn(source.blobs, mount)) {
      const blobs = { ...this.#store.get(repository.name).blobs, [mount]: source.blobs[mount]! };
      this.#store.save({ ...this.#store.get(repository.name), blobs });
      return { status: 201, headers: written(repository, mount) };
    }
    const id = randomUUID();
    const upload: Upload = {
      repository: repository.name,
      file: this.#store.uploadPath(id),
      hash: createHash('sha256'),
      sizeBytes: 0,
      hasChunk: false,
    };
    writeFileSync(upload.file, '');
    this.#open.set(id, upload);
    return { status: 202, headers: this.#progress(upload, id) };
  }

  async #patch(call: Call, upload: Upload, id: string): Promise<Reply> {
    // ECR keeps the first chunk only and answers 201 where the spec says 202
    // (https://github.com/aws/containers-roadmap/issues/2831): a client that sends several fails at the digest.
    if (upload.hasChunk) call.body.resume();
    else await this.#append(call, upload, id);
    upload.hasChunk = true;
    return { status: 201, headers: this.#progress(upload, id) };
  }

  async #finish(call: Call, upload: Upload, id: string): Promise<Reply> {
    await this.#append(call, upload, id);
    const claimed = call.query.get('digest');
    const digest = `sha256:${upload.hash.digest('hex')}`;
    if (claimed !== digest) {
      this.#discard(upload, id);
      throw new AwsError(
        'DIGEST_INVALID',
        'None of the provided layer digests match the calculated layer digest',
      );
    }
    this.#open.delete(id);
    const path = this.#store.blobPath(digest);
    if (existsSync(path)) rmSync(upload.file, { force: true });
    else renameSync(upload.file, path);
    // Read only now: pushes run in parallel, and each must keep what the others added meanwhile.
    const current = this.#store.get(upload.repository);
    this.#store.save({ ...current, blobs: { ...current.blobs, [digest]: upload.sizeBytes } });
    return { status: 201, headers: written(current, digest) };
  }

  async #append(call: Call, upload: Upload, id: string): Promise<void> {
    async function* measure(source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        upload.hash.update(chunk);
        upload.sizeBytes += chunk.length;
        yield chunk;
      }
    }
    try {
      await pipeline(call.body, measure, createWriteStream(upload.file, { flags: 'a' }));
    } catch (error) {
      this.#discard(upload, id);
      throw error;
    }
  }

  #discard(upload: Upload, id: string): void {
    this.#open.delete(id);
    rmSync(upload.file, { force: true });
  }

  #progress(upload: Upload, id: string): Record<string, string> {
    return {
      location: `/v2/${upload.repository}/blobs/uploads/${id}`,
      'docker-upload-uuid': id,
      range: `0-${Math.max(0, upload.sizeBytes - 1)}`,
    };
  }
}

function written(repository: Repository, digest: string): Record<string, string> {
  return { location: `/v2/${repository.name}/blobs/${digest}`, 'docker-content-digest': digest };
}
