import type { S3Event, S3EventRecord } from 'aws-lambda';
import { RequestError } from '../errors.ts';
import { predict, readTexts } from '../predict.ts';
import type { Report, Service } from '../service.ts';
import { eventKind, recordsFrom } from './kind.ts';
import { formatOf, readRows } from './rows.ts';

const suffix = '.predictions.jsonl';

/** New objects of texts: a line of predictions for each row is written beside the object, as it is read. */
export const objectCreated = eventKind<S3Event>(
  'S3 object created',
  // S3 tries a new notification by an event without records.
  (event) => recordsFrom(event, 'aws:s3') || event.Event === 's3:TestEvent',
  async ({ Records: records = [] }, service, report) => {
    const objects = [];
    for (const record of records) objects.push(await predictObject(record, service, report));
    report.status = 200;
    return { objects };
  },
);

/** Rows that are classified together: enough for the short texts among them to share a run. */
const rowsAtOnce = 64;

async function predictObject(record: S3EventRecord, service: Service, report: Report) {
  const bucket = record.s3.bucket.name;
  const key = decodeURIComponent(record.s3.object.key.replaceAll('+', ' '));
  // The answer is a new object as well: without this it would be answered, too, and so on.
  if (!record.eventName.startsWith('ObjectCreated:') || key.endsWith(suffix))
    return { bucket, key, skipped: true };
  const format = formatOf(key);
  const { readObject, writeObject } = await import('../aws.ts');
  const counts = { rows: 0, failed: 0 };
  const rows = readRows(
    await readObject(bucket, key, record.s3.object.versionId),
    format,
    service.limits.bodyBytes,
  );
  const output = `${key}${suffix}`;
  await writeObject(bucket, output, predictRows(rows, counts, service, report));
  report.failed = ((report.failed as number | undefined) ?? 0) + counts.failed;
  return { bucket, key, output, ...counts };
}

async function* predictRows(
  rows: AsyncIterable<unknown>,
  counts: { rows: number; failed: number },
  service: Service,
  report: Report,
): AsyncGenerator<string> {
  let batch: unknown[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < rowsAtOnce) continue;
    yield await predictBatch(batch, counts, service, report);
    batch = [];
  }
  if (batch.length) yield await predictBatch(batch, counts, service, report);
}

async function predictBatch(
  batch: unknown[],
  counts: { rows: number; failed: number },
  service: Service,
  report: Report,
): Promise<string> {
  const texts: string[] = [];
  const read = batch.map((row) => {
    try {
      if (row instanceof RequestError) throw row;
      const found = readTexts(typeof row === 'string' ? { text: row } : row, service.limits);
      if (found.length > 1)
        throw new RequestError(422, 'invalid_request', 'A row has one text, not several.');
      return { at: texts.push(found[0]!) - 1 };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return { error: { code: error.code, message: error.message } };
    }
  });
  const { predictions } = await predict(texts, service, report);
  return read
    .map((row) => {
      counts.rows += 1;
      if ('error' in row) counts.failed += 1;
      return `${JSON.stringify({ row: counts.rows, ...('at' in row ? predictions[row.at!] : row) })}\n`;
    })
    .join('');
}
