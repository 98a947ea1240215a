import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { RemoteConfig } from '../config/config.ts';
import { MissingObject } from '../errors.ts';
import { type Part, type Store, StoreError, type Upload } from './store.ts';

/** A bucket, or a prefix in one, on AWS or any server that speaks S3. */
export class S3Store implements Store {
  readonly url: string;
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;
  constructor(remote: RemoteConfig) {
    const match = /^s3:\/\/([^/]+)\/?(.*?)\/*$/.exec(remote.url);
    if (!match) throw new StoreError(`${remote.url} is not s3://bucket/prefix`, { retryable: false });
    this.bucket = match[1]!;
    this.prefix = match[2] ? `${match[2]}/` : '';
    this.url = remote.url.replace(/\/+$/, '');
    this.client = new S3Client(clientConfig(remote.options));
  }

  /** One HEAD. Without s3:ListBucket an absent key answers 403, which `push` takes for absent. */
  async size(key: string): Promise<number | undefined> {
    try {
      const { ContentLength } = await this.client.send(new HeadObjectCommand(this.at(key)));
      return ContentLength ?? 0;
    } catch (error) {
      if (status(error) === 404) return undefined;
      throw this.failed('HEAD', key, error);
    }
  }

  /** One GET, of all or of a range. */
  async get(key: string, { range, versionId }: Part = {}): Promise<Readable> {
    try {
      const { Body } = await this.client.send(
        new GetObjectCommand({
          ...this.at(key),
          ...(versionId ? { VersionId: versionId } : {}),
          ...(range ? { Range: `bytes=${range.start}-${range.end}` } : {}),
        }),
      );
      if (!(Body instanceof Readable)) throw new Error('the answer has no body');
      return Body;
    } catch (error) {
      if (status(error) === 404) throw new MissingObject(key, this.url);
      throw this.failed('GET', key, error);
    }
  }

  /** One PUT; the server checks the md5. */
  async put(key: string, { path, sizeBytes, md5 }: Upload): Promise<void> {
    try {
      await this.client.send(
        new PutObjectCommand({
          ...this.at(key),
          Body: createReadStream(path, { highWaterMark: 1 << 18 }),
          ContentLength: sizeBytes,
          ...(md5 ? { ContentMD5: Buffer.from(md5, 'hex').toString('base64') } : {}),
        }),
      );
    } catch (error) {
      throw this.failed('PUT', key, error);
    }
  }

  /** The keys below a prefix. */
  async *list(prefix: string): AsyncIterable<string> {
    let token: string | undefined;
    do {
      const page = await this.client
        .send(
          new ListObjectsV2Command({
            Bucket: this.bucket,
            Prefix: this.prefix + prefix,
            ...(token ? { ContinuationToken: token } : {}),
          }),
        )
        .catch((error: unknown) => {
          throw this.failed('LIST', prefix, error);
        });
      for (const { Key } of page.Contents ?? []) if (Key) yield Key.slice(this.prefix.length);
      token = page.NextContinuationToken;
    } while (token);
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: this.prefix + key };
  }

  private failed(method: string, key: string, cause: unknown): StoreError {
    const code = status(cause);
    const name = cause instanceof Error ? cause.name : 'Error';
    const message = cause instanceof Error ? cause.message : String(cause);
    const retryable =
      code === undefined ? name !== 'CredentialsProviderError' : code >= 500 || code === 429 || code === 408;
    return new StoreError(
      `[${method}] ${this.url}/${key}: ${code === undefined ? `failed to connect to s3 - ${message}` : `${code} ${name}: ${message}`}`,
      { status: code, retryable, cause, ...hint(code, name) },
    );
  }
}

function hint(code: number | undefined, name: string): { hint?: string } {
  if (name === 'ExpiredToken' || name === 'ExpiredTokenException')
    return { hint: 'the session token has expired: log in again' };
  if (code === 403)
    return { hint: 'the credentials may not do this, or (without s3:ListBucket) there is no such object' };
  if (name === 'CredentialsProviderError')
    return { hint: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or log in by OIDC' };
  return {};
}

const status = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;

/** DVC's options as the SDK's. A custom endpoint is spoken to in path style: buckets have no host names there. */
function clientConfig(options: Record<string, string>): S3ClientConfig {
  const endpoint = options.endpointurl ?? process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const {
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    session_token: sessionToken,
  } = options;
  return {
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...region(options.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION),
    ...(accessKeyId && secretAccessKey
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
      : {}),
    ...(options.profile ? { profile: options.profile } : {}),
    // Objects are checked against their own md5; retries live in one place, above the stores.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: true,
    maxAttempts: 1,
  };
}

const region = (name: string | undefined): { region: string } | Record<string, never> =>
  name ? { region: name } : {};
