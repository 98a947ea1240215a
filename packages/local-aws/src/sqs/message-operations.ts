import { AwsError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import type { Operation } from '../http/json-rpc.ts';
import { account } from '../identity.ts';
import type { Message, MessageAttribute, Queue } from './queue.ts';
import type { Queues } from './queues.ts';

/** The queue a request names by its URL. */
export function queueOf(queues: Queues, input: Fields): Queue {
  return queues.get(input.text('QueueUrl').split('/').pop() ?? '');
}

function messageAttributes(input: Fields): Record<string, MessageAttribute> {
  const given = input.optionalFieldsMap('MessageAttributes') ?? {};
  return Object.fromEntries(
    Object.entries(given).map(([name, attribute]) => {
      const [text, binary] = [attribute.optionalText('StringValue'), attribute.optionalText('BinaryValue')];
      const DataType = attribute.text('DataType');
      return [
        name,
        {
          DataType,
          ...(text !== undefined && { StringValue: text }),
          ...(binary !== undefined && { BinaryValue: binary }),
        },
      ];
    }),
  );
}

function send(queue: Queue, input: Fields) {
  const body = input.text('MessageBody');
  if (body === '')
    throw new AwsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  if (Buffer.byteLength(body) > queue.attributes.MaximumMessageSize)
    throw new AwsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${queue.attributes.MaximumMessageSize} bytes.`,
    );
  const delay = input.optionalNumber('DelaySeconds') ?? queue.attributes.DelaySeconds;
  const { id, md5 } = queue.send(body, messageAttributes(input), delay);
  return { MessageId: id, MD5OfMessageBody: md5 };
}

/** A message as a receiver or an event source mapping shows its system attributes. */
export function systemAttributes(message: Message): Record<string, string> {
  return {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
    SenderId: account,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt ?? message.sentAt),
  };
}

function remove(queue: Queue, input: Fields): void {
  // A handle that is outdated deletes nothing and is no error, as in SQS.
  const message = queue.byHandle(input.text('ReceiptHandle'));
  if (message) queue.remove(message.id);
}

function hide(queue: Queue, input: Fields): void {
  const message = queue.byHandle(input.text('ReceiptHandle'));
  if (!message) throw new AwsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
  queue.hide(message, input.optionalNumber('VisibilityTimeout') ?? 0);
}

/** Runs one operation per entry; those that are refused are listed, and the others are done all the same. */
function batch(input: Fields, run: (entry: Fields) => object | undefined) {
  const entries = input.optionalList('Entries') ?? [];
  if (entries.length === 0)
    throw new AwsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > 10)
    throw new AwsError('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.');
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    const Id = entry.text('Id');
    try {
      Successful.push({ Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
}

/** SQS's operations on messages. */
export function messageOperations(queues: Queues): Record<string, Operation> {
  return {
    SendMessage: (input) => send(queueOf(queues, input), input),
    SendMessageBatch(input) {
      const queue = queueOf(queues, input);
      return batch(input, (entry) => send(queue, entry));
    },
    async ReceiveMessage(input, call) {
      const queue = queueOf(queues, input);
      const limit = input.optionalNumber('MaxNumberOfMessages') ?? 1;
      if (limit < 1 || limit > 10)
        throw new AwsError(
          'InvalidParameterValue',
          'MaxNumberOfMessages must be between 1 and 10, if provided.',
        );
      const hidden = input.optionalNumber('VisibilityTimeout') ?? queue.attributes.VisibilityTimeout;
      const waitSeconds =
        input.optionalNumber('WaitTimeSeconds') ?? queue.attributes.ReceiveMessageWaitTimeSeconds;
      const until = Date.now() + waitSeconds * 1000;
      let messages = queue.receive(limit, hidden, queues.deadLetters(queue));
      while (messages.length === 0 && Date.now() < until && !call.gone?.aborted) {
        await queue.arrival(until - Date.now(), call.gone);
        messages = queue.receive(limit, hidden, queues.deadLetters(queue));
      }
      const wanted = [
        ...(input.optionalTexts('AttributeNames') ?? []),
        ...(input.optionalTexts('MessageSystemAttributeNames') ?? []),
      ];
      const wantsAttributes = input.optionalTexts('MessageAttributeNames') ?? [];
      if (messages.length === 0) return {};
      return { Messages: messages.map((message) => show(message, wanted, wantsAttributes)) };
    },
    DeleteMessage(input) {
      remove(queueOf(queues, input), input);
      return {};
    },
    DeleteMessageBatch(input) {
      const queue = queueOf(queues, input);
      return batch(input, (entry) => {
        remove(queue, entry);
        return undefined;
      });
    },
    ChangeMessageVisibility(input) {
      hide(queueOf(queues, input), input);
      return {};
    },
    ChangeMessageVisibilityBatch(input) {
      const queue = queueOf(queues, input);
      return batch(input, (entry) => {
        hide(queue, entry);
        return undefined;
      });
    },
  };
}

function show(message: Message, wanted: string[], wantedAttributes: string[]) {
  const system = Object.entries(systemAttributes(message)).filter(
    ([name]) => wanted.includes('All') || wanted.includes(name),
  );
  const own = Object.entries(message.attributes).filter(([name]) =>
    wantedAttributes.some((one) => one === 'All' || one === '.*' || one === name),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: message.md5,
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
    ...(own.length > 0 && { MessageAttributes: Object.fromEntries(own) }),
  };
}
