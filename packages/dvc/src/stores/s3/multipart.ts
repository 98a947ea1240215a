import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Lanes } from '../../transfer/lanes.ts';
import { eachLimited, retry } from '../../transfer/retry.ts';
import { StoreError, type Upload } from '../store.ts';
import { type S3Client, tag } from './client.ts';
import { readText } from './http.ts';

const leastPartBytes = 16 << 20;
/** S3 takes no more than that many parts. */
const mostParts = 10_000;
/** As many parts are in memory at once, whatever the number of files. */
const lanes = new Lanes(4);

/** Stores a large file in parts, each checked by its md5; nothing is left behind if one cannot be sent. */
export async function putParts(
  client: S3Client,
  key: string,
  { path, sizeBytes }: Upload,
  storeHeaders: Record<string, string>,
  partHeaders: Record<string, string>,
): Promise<void> {
  const started = await readText(
    await client.call({
      method: 'POST',
      key,
      query: { uploads: '' },
      headers: { ...storeHeaders, 'content-length': '0' },
    }),
  );
  const uploadId = tag(started, 'UploadId');
  if (!uploadId) throw new StoreError(`[POST] ${key}: no upload id in the answer`, { retryable: true });
  const partBytes = Math.max(leastPartBytes, Math.ceil(sizeBytes / mostParts));
  const numbers = Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, at) => at + 1);
  const etags = new Map<number, string>();
  const file = await open(path, 'r');
  try {
    const failures = await eachLimited(numbers, numbers.length, (number) =>
      lanes.run(async () => {
        const start = (number - 1) * partBytes;
        const buffer = Buffer.allocUnsafe(Math.min(partBytes, sizeBytes - start));
        await file.read(buffer, 0, buffer.length, start);
        const md5 = createHash('md5').update(buffer).digest('base64');
        const answer = await retry(() =>
          client.call({
            method: 'PUT',
            key,
            query: { partNumber: String(number), uploadId },
            headers: { ...partHeaders, 'content-length': String(buffer.length), 'content-md5': md5 },
            body: () => buffer,
          }),
        );
        await readText(answer);
        etags.set(number, answer.headers.etag ?? '');
      }),
    );
    if (failures[0]) throw failures[0];
    const body = numbers.map(
      (number) => `<Part><PartNumber>${number}</PartNumber><ETag>${etags.get(number)}</ETag></Part>`,
    );
    const xml = Buffer.from(`<CompleteMultipartUpload>${body.join('')}</CompleteMultipartUpload>`);
    const answer = await client.call({
      method: 'POST',
      key,
      query: { uploadId },
      headers: { 'content-length': String(xml.length) },
      body: () => xml,
    });
    // S3 may answer 200 first and find out that it failed after.
    const text = await readText(answer);
    if (text.includes('<Error>'))
      throw new StoreError(`[POST] ${key}: ${tag(text, 'Code')}: ${tag(text, 'Message')}`, {
        retryable: true,
      });
  } catch (error) {
    await client.call({ method: 'DELETE', key, query: { uploadId } }).then(readText, () => {});
    throw error;
  } finally {
    await file.close();
  }
}
