import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RemoteConfig } from '../../config/config.ts';
import { MissingObject } from '../../errors.ts';
import { type Got, type Part, type Store, StoreError, type Upload } from '../store.ts';
import { S3Client } from './client.ts';
import { type Answer, readText } from './http.ts';
import { putParts } from './multipart.ts';
import { readSettings, type Settings } from './settings.ts';

/** From this size on a file is sent in parts, several at once; it is also where DVC begins to. */
const multipartBytes = 64 << 20;
/** Files up to this size are sent from memory, as one packet with their head. */
const smallBytes = 1 << 20;

/** A bucket, or a prefix in one, on AWS or any server that speaks S3. */
export class S3Store implements Store {
  readonly url: string;
  readonly partBytes = 8 << 20;
  private readonly settings: Settings;
  private readonly client: S3Client;
  constructor(remote: RemoteConfig) {
    this.settings = readSettings(remote);
    this.client = new S3Client(this.settings);
    this.url = remote.url.replace(/\/+$/, '');
  }

  /** One HEAD. Without s3:ListBucket an absent key answers 403. */
  async size(key: string): Promise<number | undefined> {
    try {
      const answer = await this.client.call({
        method: 'HEAD',
        key: this.at(key),
        headers: this.settings.customerKeyHeaders,
      });
      await readText(answer);
      return Number(answer.headers['content-length'] ?? 0);
    } catch (error) {
      if (error instanceof StoreError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** One GET, of all, of a range, or of an older version. */
  async get(key: string, { range, versionId }: Part = {}): Promise<Got> {
    try {
      const answer = await this.client.call({
        method: 'GET',
        key: this.at(key),
        headers: {
          ...this.settings.customerKeyHeaders,
          ...(range ? { range: `bytes=${range.start}-${range.end}` } : {}),
        },
        ...(versionId ? { query: { versionId } } : {}),
      });
      const got = readHead(answer, range);
      if (got) return got;
      answer.cancel();
      throw new StoreError(
        `[GET] ${this.url}/${key}: asked for bytes ${range?.start ?? 0}-${range?.end ?? ''}, ` +
          `the answer is for ${answer.headers['content-range'] ?? 'an unknown number of bytes'}`,
        { retryable: true },
      );
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.status === 404) throw new MissingObject(key, this.url, { cause: error });
      // No byte of an empty object can be asked for; it is as if it had been asked for whole.
      if (error.status === 416 && range?.start === 0) return this.get(key, versionId ? { versionId } : {});
      throw error;
    }
  }

  /** One PUT, or for a large file several at once; the server checks the md5 of each. */
  async put(key: string, upload: Upload): Promise<void> {
    const headers = { ...this.settings.storeHeaders, ...this.settings.customerKeyHeaders };
    if (upload.sizeBytes >= multipartBytes)
      return putParts(this.client, this.at(key), upload, headers, this.settings.customerKeyHeaders);
    const small = upload.sizeBytes <= smallBytes ? await readFile(upload.path) : undefined;
    const answer = await this.client.call({
      method: 'PUT',
      key: this.at(key),
      headers: {
        ...headers,
        'content-length': String(small?.length ?? upload.sizeBytes),
        ...(upload.md5 ? { 'content-md5': Buffer.from(upload.md5, 'hex').toString('base64') } : {}),
      },
      body: () => small ?? createReadStream(upload.path, { highWaterMark: 1 << 18 }),
    });
    await readText(answer);
  }

  private at(key: string): string {
    return this.settings.prefix + key;
  }
}

/** Which bytes an answer brings; undefined if they are not those that were asked for. */
function readHead(answer: Answer, range: Part['range']): Got | undefined {
  const body = { read: answer.read, cancel: answer.cancel };
  const length = Number(answer.headers['content-length']);
  if (!Number.isInteger(length)) return undefined;
  if (!range || answer.status === 200) return { ...body, start: 0, end: length, totalBytes: length };
  const numbers = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.headers['content-range'] ?? '');
  if (!numbers) return undefined;
  const [start, last, totalBytes] = numbers.slice(1).map(Number) as [number, number, number];
  const isAsked =
    start === range.start && last === Math.min(range.end, totalBytes - 1) && length === last - start + 1;
  return isAsked ? { ...body, start, end: last + 1, totalBytes } : undefined;
}
