import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AwsError } from '../errors.ts';
import { type Call, type Reply, readBody } from '../http/call.ts';
import type { Service } from '../http/service.ts';
import { childText, document, element, group } from '../http/xml.ts';
import { Bucket } from './bucket.ts';
import { copyObject } from './copy-object.ts';
import { deleteObject, deleteObjects } from './delete-object.ts';
import { getObject } from './get-object.ts';
import { listObjects } from './list-objects.ts';
import { listVersions } from './list-versions.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listMultipartUploads,
  listParts,
  uploadPart,
} from './multipart.ts';
import { operationOf } from './operation-of.ts';
import { putObject } from './put-object.ts';
import { readXml, type S3Request, splitPath } from './request.ts';

/** S3 with its objects on disk. */
export interface S3 {
  service: Service;
  buckets: ReadonlyMap<string, Bucket>;
}

const xml = { 'content-type': 'application/xml' };
const validName = /^(?=.{3,63}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])$/;

/** Opens the buckets under `folder`, `wanted` ones included, and answers S3's REST calls, path style. */
export function createS3(folder: string, wanted: string[] = []): S3 {
  mkdirSync(folder, { recursive: true });
  const buckets = new Map(readdirSync(folder).map((name) => [name, new Bucket(folder, name)]));
  for (const name of wanted) create(name);

  function create(name: string): void {
    if (!validName.test(name) || name.includes('..'))
      throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', 400, {
        fields: { BucketName: name },
      });
    // In us-east-1 creating a bucket one owns succeeds.
    if (!buckets.has(name)) buckets.set(name, new Bucket(folder, name));
  }

  function find(name: string): Bucket {
    const bucket = buckets.get(name);
    if (!bucket)
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, {
        fields: { BucketName: name },
      });
    return bucket;
  }

  async function onBucket(call: Call, name: string): Promise<Reply> {
    const { method, query } = call;
    if (method === 'PUT' && !query.has('versioning')) {
      await readBody(call);
      create(name);
      return { status: 200, headers: { location: `/${name}` } };
    }
    const bucket = find(name);
    const request = { call, bucket, key: '' };
    if (method === 'HEAD') return { status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } };
    if (method === 'POST' && query.has('delete')) return deleteObjects(request);
    if (query.has('versioning')) return method === 'PUT' ? putVersioning(request) : getVersioning(request);
    if (method === 'DELETE') {
      if (bucket.keys.length > 0)
        throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409);
      buckets.delete(name);
      rmSync(join(folder, name), { recursive: true, force: true });
      return { status: 204 };
    }
    if (method === 'GET') {
      if (query.has('location')) return { status: 200, headers: xml, body: document('LocationConstraint') };
      if (query.has('versions')) return listVersions(request);
      if (query.has('uploads')) return listMultipartUploads(request);
      return listObjects(request);
    }
    throw notImplemented(call);
  }

  async function onObject(request: S3Request): Promise<Reply> {
    const { call } = request;
    const uploadId = call.query.get('uploadId');
    const source = call.headers['x-amz-copy-source'];
    switch (call.method) {
      case 'HEAD':
        return getObject(request);
      case 'GET':
        return uploadId ? listParts(request, uploadId) : getObject(request);
      case 'PUT':
        if (typeof source === 'string' && !uploadId) return copyObject(request, source, find);
        return uploadId ? uploadPart(request, uploadId) : putObject(request);
      case 'POST':
        if (call.query.has('uploads')) return createMultipartUpload(request);
        if (uploadId) return completeMultipartUpload(request, uploadId);
        throw notImplemented(call);
      case 'DELETE':
        return uploadId ? abortMultipartUpload(request, uploadId) : deleteObject(request);
      default:
        throw notImplemented(call);
    }
  }

  async function route(call: Call): Promise<Reply> {
    const { bucketName, key } = splitPath(call.rawPath);
    if (bucketName === '') return listBuckets(buckets);
    return key === '' ? onBucket(call, bucketName) : onObject({ call, bucket: find(bucketName), key });
  }

  return { buckets, service: { name: 's3', operationOf, handle: route, refusal } };
}

function listBuckets(buckets: Map<string, Bucket>): Reply {
  const listed = [...buckets.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((bucket) =>
      group('Bucket', element('Name', bucket.name), element('CreationDate', bucket.createdAt)),
    );
  return {
    status: 200,
    headers: xml,
    body: document(
      'ListAllMyBucketsResult',
      group('Owner', element('ID', 'local')),
      group('Buckets', ...listed),
    ),
  };
}

function getVersioning({ bucket }: S3Request): Reply {
  return {
    status: 200,
    headers: xml,
    body: document('VersioningConfiguration', element('Status', bucket.versioning)),
  };
}

async function putVersioning({ call, bucket }: S3Request): Promise<Reply> {
  const status = childText(await readXml(call), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended')
    throw new AwsError('IllegalVersioningConfigurationException', 'Status must be Enabled or Suspended');
  bucket.versioning = status;
  return { status: 200 };
}

function notImplemented(call: Call): AwsError {
  return new AwsError(
    'NotImplemented',
    `Local S3 has no ${call.method} ${call.rawPath}${call.rawQuery ? `?${call.rawQuery}` : ''}`,
    501,
  );
}

/** An error as S3 writes it. */
function refusal(error: AwsError, call: Call): Reply {
  const fields = Object.entries(error.fields).map(([name, value]) => element(name, String(value)));
  return {
    status: error.status,
    headers: { ...xml, ...error.headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${group(
      'Error',
      element('Code', error.code),
      element('Message', error.message),
      ...fields,
      element('RequestId', call.requestId),
    )}`,
  };
}
