import { setTimeout as sleep } from 'node:timers/promises';
import { region } from '../identity.ts';
import { invocable } from '../lambda/operations/invoke.ts';
import type { Context } from '../lambda/request.ts';
import { systemAttributes } from '../sqs/message-operations.ts';
import type { Message, Queue } from '../sqs/queue.ts';
import { type Queues, queueArn } from '../sqs/queues.ts';
import type { Mapping } from './mapping.ts';

/** Hands a queue's messages to a function until `signal` fires; a batch that fails becomes visible again in its own time. */
export async function poll(
  mapping: Mapping,
  queues: Queues,
  lambda: Context,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const queue = queues.get(mapping.queueName);
      const batch = await collect(mapping, queue, queues, signal);
      if (batch.length > 0 && !signal.aborted) await deliver(mapping, queue, batch, lambda);
    } catch {
      // The queue was deleted, perhaps to be made again, or the disk is full, perhaps not for ever.
      await sleep(1000, undefined, { signal }).catch(() => {});
    }
  }
}

async function collect(
  mapping: Mapping,
  queue: Queue,
  queues: Queues,
  signal: AbortSignal,
): Promise<Message[]> {
  const receive = (limit: number) =>
    queue.receive(limit, queue.attributes.VisibilityTimeout, queues.deadLetters(queue));
  const batch = receive(mapping.batchSize);
  if (batch.length === 0) {
    await queue.arrival(20_000, signal);
    return signal.aborted ? [] : receive(mapping.batchSize);
  }
  const until = Date.now() + mapping.windowSeconds * 1000;
  while (batch.length < mapping.batchSize && Date.now() < until && !signal.aborted) {
    await queue.arrival(until - Date.now(), signal);
    batch.push(...receive(mapping.batchSize - batch.length));
  }
  return batch;
}

async function deliver(mapping: Mapping, queue: Queue, batch: Message[], lambda: Context): Promise<void> {
  const failed = await invoke(mapping, queue, batch, lambda);
  for (const { id } of batch) if (!failed(id)) queue.remove(id);
}

/** Runs the function on a batch; tells of each message whether it failed. */
async function invoke(
  mapping: Mapping,
  queue: Queue,
  batch: Message[],
  lambda: Context,
): Promise<(id: string) => boolean> {
  try {
    const { functionName, qualifier } = mapping;
    const fn = lambda.store.get(functionName);
    const version = invocable(lambda, fn, qualifier);
    const payload = Buffer.from(JSON.stringify({ Records: batch.map((message) => record(queue, message)) }));
    const result = await lambda.workers.invoke(fn, version, {
      payload,
      ...(qualifier !== undefined && { qualifier }),
    });
    if (result.isError) return () => true;
    return mapping.reportsItemFailures ? failures(result.payload, batch) : () => false;
  } catch {
    // A function that is missing, throttled or not active leaves the batch to its visibility time out.
    return () => true;
  }
}

/** `{"batchItemFailures": [{"itemIdentifier": id}]}`; an identifier that isn't in the batch fails all of it. */
export function failures(payload: Buffer, batch: { id: string }[]): (id: string) => boolean {
  try {
    const answer = JSON.parse(payload.toString('utf8')) as { batchItemFailures?: unknown } | null;
    const items = answer?.batchItemFailures ?? [];
    if (!Array.isArray(items)) return () => true;
    const ids = items.map((item) => (item as { itemIdentifier?: unknown } | null)?.itemIdentifier);
    if (!ids.every((id) => batch.some((message) => message.id === id))) return () => true;
    return (id) => ids.includes(id);
  } catch {
    return () => true;
  }
}

function record(queue: Queue, message: Message): object {
  return {
    messageId: message.id,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: systemAttributes(message),
    messageAttributes: Object.fromEntries(
      Object.entries(message.attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        {
          ...(StringValue !== undefined && { stringValue: StringValue }),
          ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
          stringListValues: [],
          binaryListValues: [],
          dataType: DataType,
        },
      ]),
    ),
    md5OfBody: message.md5,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn(queue.name),
    awsRegion: region,
  };
}
