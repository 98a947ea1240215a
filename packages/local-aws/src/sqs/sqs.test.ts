import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refusal } from '../../test/model-lambda.ts';
import { clientConfig } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

let data: string;
let aws: LocalAws;
let sqs: SQSClient;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'local-aws-sqs-'));
  aws = await startLocalAws({ data });
  sqs = new SQSClient(clientConfig(aws));
});
afterAll(async () => {
  sqs.destroy();
  await aws.close();
  rmSync(data, { recursive: true });
});

async function makeQueue(QueueName: string, Attributes: Record<string, string> = {}) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  const url = { QueueUrl: QueueUrl! };
  return {
    ...url,
    send: (MessageBody: string, extra = {}) =>
      sqs.send(new SendMessageCommand({ ...url, MessageBody, ...extra })),
    receive: async (extra = {}) => {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ ...url, ...extra }));
      return Messages;
    },
    counts: async () => {
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ ...url, AttributeNames: ['All'] }),
      );
      return [
        Attributes.ApproximateNumberOfMessages,
        Attributes.ApproximateNumberOfMessagesNotVisible,
        Attributes.ApproximateNumberOfMessagesDelayed,
      ].map(Number);
    },
  };
}

it('a message is received, hidden from others, and gone when deleted', async () => {
  const queue = await makeQueue('plain');
  const MessageAttributes = { kind: { DataType: 'String', StringValue: 'mail' } };
  await queue.send('hello ü', { MessageAttributes });
  const [message] = await queue.receive({ MessageAttributeNames: ['All'], AttributeNames: ['All'] });
  expect(message).toMatchObject({ Body: 'hello ü', MessageAttributes });
  expect(message!.Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
  expect(await queue.receive()).toEqual([]);
  expect(await queue.counts()).toEqual([0, 1, 0]);
  await sqs.send(new DeleteMessageCommand({ ...queue, ReceiptHandle: message!.ReceiptHandle! }));
  expect(await queue.counts()).toEqual([0, 0, 0]);
});

it('a message comes back after its time out, and only the last handle deletes it', async () => {
  const queue = await makeQueue('again');
  await queue.send('x');
  const [first] = await queue.receive();
  await sqs.send(
    new ChangeMessageVisibilityCommand({
      ...queue,
      ReceiptHandle: first!.ReceiptHandle!,
      VisibilityTimeout: 0,
    }),
  );
  const [second] = await queue.receive();
  expect(second!.MessageId).toBe(first!.MessageId);
  await sqs.send(new DeleteMessageCommand({ ...queue, ReceiptHandle: first!.ReceiptHandle! }));
  expect(await queue.counts()).toEqual([0, 1, 0]);
  await sqs.send(new DeleteMessageCommand({ ...queue, ReceiptHandle: second!.ReceiptHandle! }));
  expect(await queue.counts()).toEqual([0, 0, 0]);
});

it('waits for a message, and delays one', async () => {
  const queue = await makeQueue('late');
  const waiting = queue.receive({ WaitTimeSeconds: 20 });
  await queue.send('delayed', { DelaySeconds: 1 });
  expect(await queue.counts()).toEqual([0, 0, 1]);
  expect((await waiting).map(({ Body }) => Body)).toEqual(['delayed']);
});

it('moves what was received too often to the dead letter queue', async () => {
  const dead = await makeQueue('dead');
  const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead';
  const queue = await makeQueue('fragile', {
    VisibilityTimeout: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }),
  });
  await queue.send('poison');
  for (let i = 0; i < 2; i++) expect(await queue.receive()).toHaveLength(1);
  expect(await queue.receive()).toEqual([]);
  expect((await dead.receive()).map(({ Body }) => Body)).toEqual(['poison']);
});

it('takes batches, naming the entries it refuses', async () => {
  const queue = await makeQueue('batch', { MaximumMessageSize: '1024' });
  const Entries = [
    { Id: 'a', MessageBody: 'fine' },
    { Id: 'b', MessageBody: 'x'.repeat(1025) },
  ];
  const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ ...queue, Entries }));
  expect([Successful!.map(({ Id }) => Id), Failed!.map(({ Id }) => Id)]).toEqual([['a'], ['b']]);
  await sqs.send(new PurgeQueueCommand(queue));
  expect(await queue.counts()).toEqual([0, 0, 0]);
});

it('knows its queues, also after a restart, and names one that is missing or was made otherwise', async () => {
  const queue = await makeQueue('kept', { DelaySeconds: '0' });
  await queue.send('still here');
  expect((await refusal(makeQueue('kept', { DelaySeconds: '5' })))[0]).toBe('QueueNameExists');
  expect((await refusal(makeQueue('odd', { VisibilityTimeout: 'long' })))[0]).toBe('InvalidAttributeValue');
  expect((await refusal(sqs.send(new GetQueueUrlCommand({ QueueName: 'none' }))))[0]).toBe(
    'QueueDoesNotExist',
  );
  sqs.destroy();
  await aws.close();
  aws = await startLocalAws({ data });
  sqs = new SQSClient(clientConfig(aws));
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'kept' }));
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: QueueUrl! }));
  expect(Messages!.map(({ Body }) => Body)).toEqual(['still here']);
  await sqs.send(new DeleteQueueCommand({ QueueUrl: QueueUrl! }));
  const { QueueUrls } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'kep' }));
  expect(QueueUrls ?? []).toEqual([]);
});
