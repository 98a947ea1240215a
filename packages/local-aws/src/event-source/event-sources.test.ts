import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusal } from '../../test/model-lambda.ts';
import { clientConfig, pushHandler } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';
import { failures } from './poller.ts';

/** Puts what it got into the log; fails the messages that say so. */
const handler = `export const handler = async ({ Records }) => {
  console.log('GOT ' + Records.map((record) => record.body).join(' '));
  if (Records.some((record) => record.body === 'throw')) throw new Error('asked to');
  return { batchItemFailures: Records.filter((record) => record.body === 'bad')
    .map((record) => ({ itemIdentifier: record.messageId })) };
};`;

const FunctionName = 'consumer';
const arn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
let aws: LocalAws;
let lambda: LambdaClient;
let sqs: SQSClient;

beforeAll(async () => {
  aws = await startLocalAws({ delays: { createMs: 1 } });
  lambda = new LambdaClient(clientConfig(aws));
  sqs = new SQSClient(clientConfig(aws));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      PackageType: 'Image',
      Code: { ImageUri: await pushHandler(aws, { 'index.mjs': handler }) },
      Role: 'arn:aws:iam::000000000000:role/any',
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 10, minDelay: 0.01 }, { FunctionName });
});
afterAll(async () => {
  lambda.destroy();
  sqs.destroy();
  await aws.close();
});

async function makeQueue(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl!;
}

const map = (name: string, extra = {}) =>
  lambda.send(new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn: arn(name), ...extra }));

const send = (QueueUrl: string, bodies: string[]) =>
  sqs.send(
    new SendMessageBatchCommand({
      QueueUrl,
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    }),
  );

async function isEmpty(QueueUrl: string): Promise<boolean> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  return (
    Number(Attributes.ApproximateNumberOfMessages) +
      Number(Attributes.ApproximateNumberOfMessagesNotVisible) ===
    0
  );
}

describe('an event source mapping', () => {
  it('hands messages to the function and deletes what was done; the failed ones go to the dead letters', async () => {
    const dead = await makeQueue('dead');
    const QueueUrl = await makeQueue('work', {
      VisibilityTimeout: '0',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 2 }),
    });
    await map('work', { BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    await send(QueueUrl, ['good', 'bad', 'fine']);
    await expect.poll(() => isEmpty(QueueUrl), { timeout: 20_000 }).toBe(true);
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: dead, MaxNumberOfMessages: 10 }),
    );
    expect(Messages!.map(({ Body }) => Body)).toEqual(['bad']);
  });

  it('leaves a whole batch to its time out when the handler throws', async () => {
    const dead = await makeQueue('dead-2');
    const QueueUrl = await makeQueue('work-2', {
      VisibilityTimeout: '0',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn('dead-2'), maxReceiveCount: 1 }),
    });
    await send(QueueUrl, ['throw', 'innocent']);
    await map('work-2');
    await expect.poll(() => isEmpty(QueueUrl), { timeout: 20_000 }).toBe(true);
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: dead, MaxNumberOfMessages: 10 }),
    );
    expect(Messages!.map(({ Body }) => Body).sort()).toEqual(['innocent', 'throw']);
  });

  it('is listed, paused and deleted', async () => {
    const QueueUrl = await makeQueue('paused');
    const { UUID } = await map('paused', { Enabled: false });
    await send(QueueUrl, ['waits']);
    const get = () => lambda.send(new GetEventSourceMappingCommand({ UUID }));
    expect((await get()).State).toBe('Disabled');
    expect(await isEmpty(QueueUrl)).toBe(false);
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    await expect.poll(() => isEmpty(QueueUrl), { timeout: 20_000 }).toBe(true);
    const { EventSourceMappings } = await lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName, EventSourceArn: arn('paused') }),
    );
    expect(EventSourceMappings!.map((one) => one.UUID)).toEqual([UUID]);
    await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    expect((await refusal(get()))[0]).toBe('ResourceNotFoundException');
  });

  it('is refused for a queue or a function that is not there, and twice for the same', async () => {
    expect((await refusal(map('nowhere')))[0]).toBe('InvalidParameterValueException');
    expect((await refusal(map('work', { FunctionName: 'nobody' })))[0]).toBe('ResourceNotFoundException');
    expect((await refusal(map('work')))[0]).toBe('ResourceConflictException');
    await makeQueue('large');
    expect((await refusal(map('large', { BatchSize: 100 })))[0]).toBe('InvalidParameterValueException');
  });
});

it('a partial batch response fails what it names, and everything when it makes no sense', () => {
  const batch = [{ id: 'a' }, { id: 'b' }];
  const failed = (answer: unknown) =>
    batch.map(({ id }) => failures(Buffer.from(JSON.stringify(answer)), batch)(id));
  expect(failed({ batchItemFailures: [{ itemIdentifier: 'b' }] })).toEqual([false, true]);
  for (const success of [null, {}, { batchItemFailures: [] }, { batchItemFailures: null }])
    expect(failed(success)).toEqual([false, false]);
  for (const nonsense of [
    { batchItemFailures: [{ itemIdentifier: 'c' }] },
    { batchItemFailures: [{}] },
    { batchItemFailures: [null] },
    { batchItemFailures: 'b' },
  ])
    expect(failed(nonsense)).toEqual([true, true]);
});
