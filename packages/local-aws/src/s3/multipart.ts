import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AwsError } from '../errors.ts';
import type { Reply } from '../http/call.ts';
import { childText, document, element, group } from '../http/xml.ts';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import type { Bucket } from './bucket.ts';
import { type ChecksumName, checksumNames, createChecksum } from './checksums.ts';
import { checkWrite } from './conditions.ts';
import { objectHeaders, writtenHeaders } from './put-object.ts';
import { type Received, receive } from './receive.ts';
import { numberParameter, readXml, type S3Request } from './request.ts';

interface Upload {
  key: string;
  startedAt: string;
  headers: Record<string, string>;
  checksum?: ChecksumName;
}

type Part = Omit<Received, 'file'> & { at: string };

const smallestPartBytes = 5 << 20;
const xml = { 'content-type': 'application/xml' };

/** Finds an upload of this key on disk; ids are random, so a folder of that name proves it is ours. */
function findUpload(bucket: Bucket, key: string, id: string): { upload: Upload; folder: string } {
  const folder = join(bucket.folder, 'uploads', id);
  const upload = /^[0-9a-f]{32}$/.test(id) ? readJsonFile(join(folder, 'upload.json')) : undefined;
  if (!upload || (upload as Upload).key !== key)
    throw new AwsError(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      404,
    );
  return { upload: upload as Upload, folder };
}

/** CreateMultipartUpload. */
export async function createMultipartUpload({ call, bucket, key }: S3Request): Promise<Reply> {
  const id = randomUUID().replaceAll('-', '');
  const folder = join(bucket.folder, 'uploads', id);
  const algorithm = String(call.headers['x-amz-checksum-algorithm'] ?? '').toLowerCase();
  const checksum = checksumNames.find((name) => name === algorithm);
  const upload: Upload = {
    key,
    startedAt: new Date().toISOString(),
    headers: objectHeaders(call.headers),
    ...(checksum && { checksum }),
  };
  mkdirSync(folder);
  writeJsonFile(join(folder, 'upload.json'), upload);
  return {
    status: 200,
    headers: { ...xml, ...(checksum && { 'x-amz-checksum-algorithm': checksum.toUpperCase() }) },
    body: document(
      'InitiateMultipartUploadResult',
      element('Bucket', bucket.name),
      element('Key', key),
      element('UploadId', id),
    ),
  };
}

/** UploadPart: a part sent again replaces the old one. */
export async function uploadPart({ call, bucket, key }: S3Request, uploadId: string): Promise<Reply> {
  const { folder } = findUpload(bucket, key, uploadId);
  const number = numberParameter(call.query, 'partNumber', 0, { min: 1, max: 10_001 });
  if (number < 1 || number > 10_000)
    throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  const { file, ...received } = await receive(call, join(folder, `data-${randomUUID()}`));
  const part: Part & { file: string } = { ...received, file, at: new Date().toISOString() };
  const previous = readJsonFile(join(folder, `part-${number}.json`)) as { file: string } | undefined;
  writeJsonFile(join(folder, `part-${number}.json`), part);
  if (previous) rmSync(previous.file, { force: true });
  return {
    status: 200,
    headers: {
      etag: `"${part.md5}"`,
      ...(part.checksum && { [`x-amz-checksum-${part.checksum.name}`]: part.checksum.value }),
    },
  };
}

/** CompleteMultipartUpload: parts in order, each as announced; ETag is the md5 of the parts' md5s and their number. */
export async function completeMultipartUpload(
  { call, bucket, key }: S3Request,
  uploadId: string,
): Promise<Reply> {
  const { upload, folder } = findUpload(bucket, key, uploadId);
  const wanted = (await readXml(call)).children.map((child) => ({
    number: Number(childText(child, 'PartNumber')),
    etag: childText(child, 'ETag')?.replaceAll('"', ''),
  }));
  if (wanted.length === 0) throw new AwsError('MalformedXML', 'You must specify at least one part');
  if (wanted.some((part, index) => index > 0 && part.number <= wanted[index - 1]!.number))
    throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
  const parts = wanted.map(({ number, etag }) => {
    const part = Number.isInteger(number) ? readJsonFile(join(folder, `part-${number}.json`)) : undefined;
    if (!part || (part as Part).md5 !== etag)
      throw new AwsError('InvalidPart', `One or more of the specified parts could not be found: ${number}.`);
    return part as Part & { file: string };
  });
  if (parts.slice(0, -1).some((part) => part.sizeBytes < smallestPartBytes))
    throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
  checkWrite(call.headers, bucket.current(key));
  const file = bucket.incoming();
  for (const part of parts)
    await pipeline(createReadStream(part.file), createWriteStream(file, { flags: 'a' }));
  checkWrite(call.headers, bucket.current(key));
  const md5 = createHash('md5');
  for (const part of parts) md5.update(part.md5, 'hex');
  const version = bucket.put(key, file, {
    lastModified: new Date().toISOString(),
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    etag: `${md5.digest('hex')}-${parts.length}`,
    headers: upload.headers,
    ...compositeChecksum(parts),
  });
  rmSync(folder, { recursive: true, force: true });
  return {
    status: 200,
    headers: { ...xml, ...writtenHeaders(version) },
    body: document(
      'CompleteMultipartUploadResult',
      element('Location', `${call.origin}/${bucket.name}/${encodeURIComponent(key)}`),
      element('Bucket', bucket.name),
      element('Key', key),
      element('ETag', `"${version.etag}"`),
    ),
  };
}

/** The checksum of the parts' checksums, as S3 composes it when every part carries the same kind. */
function compositeChecksum(parts: Part[]) {
  const name = parts[0]?.checksum?.name;
  // CRC-64 exists only for whole objects, and combining CRCs is more than a stand-in needs: it goes without.
  if (!name || name === 'crc64nvme' || parts.some((part) => part.checksum?.name !== name)) return {};
  const checksum = createChecksum(name);
  for (const part of parts) checksum.update(Buffer.from(part.checksum!.value, 'base64'));
  return { checksum: { name, value: `${checksum.digest()}-${parts.length}`, type: 'COMPOSITE' as const } };
}

/** AbortMultipartUpload. */
export async function abortMultipartUpload({ bucket, key }: S3Request, uploadId: string): Promise<Reply> {
  rmSync(findUpload(bucket, key, uploadId).folder, { recursive: true, force: true });
  return { status: 204 };
}

/** ListParts. */
export async function listParts({ bucket, key }: S3Request, uploadId: string): Promise<Reply> {
  const { folder } = findUpload(bucket, key, uploadId);
  const numbers = readdirSync(folder)
    .flatMap((name) => Number(name.match(/^part-(\d+)\.json$/)?.[1] ?? Number.NaN))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b);
  const parts = numbers.map((number) => {
    const part = readJsonFile(join(folder, `part-${number}.json`)) as Part;
    return group(
      'Part',
      element('PartNumber', number),
      element('LastModified', part.at),
      element('ETag', `"${part.md5}"`),
      element('Size', part.sizeBytes),
    );
  });
  return {
    status: 200,
    headers: xml,
    body: document(
      'ListPartsResult',
      element('Bucket', bucket.name),
      element('Key', key),
      element('UploadId', uploadId),
      element('IsTruncated', false),
      ...parts,
    ),
  };
}

/** ListMultipartUploads: every upload that was neither completed nor aborted. */
export async function listMultipartUploads({ bucket }: S3Request): Promise<Reply> {
  const uploads = readdirSync(join(bucket.folder, 'uploads')).map((id) => {
    const upload = readJsonFile(join(bucket.folder, 'uploads', id, 'upload.json')) as Upload | undefined;
    return upload
      ? group(
          'Upload',
          element('Key', upload.key),
          element('UploadId', id),
          element('Initiated', upload.startedAt),
        )
      : '';
  });
  return {
    status: 200,
    headers: xml,
    body: document(
      'ListMultipartUploadsResult',
      element('Bucket', bucket.name),
      element('IsTruncated', false),
      ...uploads,
    ),
  };
}
