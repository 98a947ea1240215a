import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Upload } from '@aws-sdk/lib-storage';
import { CsvError, parse } from 'csv-parse';

// A file of its own beside the function, loaded by the first event that needs it: requests start without it.

let s3: S3Client | undefined;
let sqs: SQSClient | undefined;

/** An object's content as it comes. */
export async function readObject(bucket: string, key: string, version?: string): Promise<Readable> {
  s3 ??= new S3Client();
  const which = { Bucket: bucket, Key: key, ...(version ? { VersionId: version } : {}) };
  const { Body } = await s3.send(new GetObjectCommand(which));
  return Body as Readable;
}

/** Writes an object of unknown length in parts; nothing is left of it if its source fails. */
export async function writeObject(bucket: string, key: string, body: AsyncIterable<string>): Promise<void> {
  s3 ??= new S3Client();
  const params = {
    Bucket: bucket,
    Key: key,
    Body: Readable.from(body),
    ContentType: 'application/jsonl; charset=utf-8',
  };
  await new Upload({ client: s3, params }).done();
}

/** Sends messages, ten at a time; returns the ids of those that the queue didn't take. */
export async function sendMessages(
  queueUrl: string,
  messages: { id: string; body: string }[],
): Promise<string[]> {
  sqs ??= new SQSClient();
  const failed: string[] = [];
  for (let start = 0; start < messages.length; start += 10) {
    const batch = messages.slice(start, start + 10);
    const Entries = batch.map(({ body }, i) => ({ Id: `${i}`, MessageBody: body }));
    const result = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    for (const { Id } of result.Failed ?? []) failed.push(batch[Number(Id)]!.id);
  }
  return failed;
}

/** A CSV's rows by the names in its first line, in lower case. Fails with the line at fault, never with what it says. */
export async function* parseCsv(source: Readable, mostBytes: number): AsyncGenerator<Record<string, string>> {
  const parser = parse({
    bom: true,
    columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()),
    relax_column_count: true,
    max_record_size: mostBytes,
    skip_empty_lines: true,
  });
  source.on('error', (error) => parser.destroy(error));
  try {
    yield* source.pipe(parser);
  } catch (error) {
    // The parser's own message quotes the field, and messages end up in logs.
    if (error instanceof CsvError) throw new Error(`the CSV is broken at line ${error.lines}: ${error.code}`);
    throw error;
  }
}
