import { type Duplex, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Upload } from '@aws-sdk/lib-storage';
import { CsvError, parse } from 'csv-parse';

// A file of its own beside the function, loaded by the first event that needs it: requests start without it.

let s3: S3Client | undefined;
let sqs: SQSClient | undefined;

/** An object's content as it comes, decompressed if it is compressed by gzip. */
export async function readObject(bucket: string, key: string, version?: string): Promise<Readable> {
  s3 ??= new S3Client();
  const which = { Bucket: bucket, Key: key, ...(version ? { VersionId: version } : {}) };
  const { Body, ContentEncoding = '' } = await s3.send(new GetObjectCommand(which));
  const content = Body as Readable;
  const isCompressed = ContentEncoding.includes('gzip') || /\.gz$/i.test(key);
  return isCompressed ? piped(content, createGunzip()) : content;
}

/** Joins two streams: whichever ends early, by an error or for want of a reader, ends the other. */
function piped<Target extends Duplex>(source: Readable, target: Target): Target {
  pipeline(source, target, () => {});
  return target;
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

/** A message for a queue; in a FIFO queue it comes after those of its group. */
export interface OutgoingMessage {
  id: string;
  body: string;
  group: string;
}

/** Sends messages; returns the ids of those that the queue didn't take, and why. Throws if it took none at all. */
export async function sendMessages(
  queueUrl: string,
  messages: OutgoingMessage[],
): Promise<Map<string, string>> {
  sqs ??= new SQSClient();
  const failed = new Map<string, string>();
  let fault: unknown;
  for (const batch of inBatches(messages)) {
    const Entries = batch.map(({ id, body, group }, i) => ({
      ...{ Id: `${i}`, MessageBody: body },
      ...(queueUrl.endsWith('.fifo') && { MessageGroupId: group, MessageDeduplicationId: id }),
    }));
    try {
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      for (const { Id, Code } of Failed) failed.set(batch[Number(Id)]!.id, `${Code}`);
    } catch (error) {
      fault = error;
      for (const { id } of batch) failed.set(id, String(error));
    }
  }
  if (fault && failed.size === messages.length) throw fault;
  return failed;
}

/** What one request may hold: ten messages, and together as much as every queue takes. */
const mostMessages = 10;
const mostBytes = 256 * 1024;

function* inBatches(messages: OutgoingMessage[]): Generator<OutgoingMessage[]> {
  let batch: OutgoingMessage[] = [];
  let sizeBytes = 0;
  for (const message of messages) {
    const more = Buffer.byteLength(message.body);
    if (batch.length === mostMessages || (batch.length > 0 && sizeBytes + more > mostBytes)) {
      yield batch;
      batch = [];
      sizeBytes = 0;
    }
    batch.push(message);
    sizeBytes += more;
  }
  if (batch.length) yield batch;
}

/**
 * A CSV's texts by the name of their column, "text" or else "sentence", whatever else its first line names. Fails with
 * the line at fault, never with what it says.
 */
export async function* parseCsv(source: Readable, mostBytes: number): AsyncGenerator<Record<string, string>> {
  const parser = parse({
    bom: true,
    columns: textColumn,
    relax_column_count: true,
    max_record_size: mostBytes,
    skip_empty_lines: true,
  });
  try {
    yield* piped(source, parser);
  } catch (error) {
    // The parser's own message quotes the field, and messages end up in logs.
    if (error instanceof CsvError) throw new Error(`the CSV is broken at line ${error.lines}: ${error.code}`);
    throw error;
  }
}

function textColumn(header: string[]): (string | false)[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const column = ['text', 'sentence'].find((name) => names.includes(name));
  if (!column) throw new Error("the CSV's first line names no column text or sentence");
  return names.map((name, i) => i === names.indexOf(column) && name);
}
