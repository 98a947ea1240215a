import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { sqs } from '../../test/events.ts';
import { startHandler, useAwsAt, written } from '../../test/service.ts';
import { readLimits } from '../limits.ts';

/** What the queue took, and the one message that it doesn't. */
const sent: { messageId: string; predictions: unknown[] }[] = [];
const refused = 'refused';
const groups: unknown[] = [];

interface Sent {
  QueueUrl: string;
  Entries: {
    Id: string;
    MessageBody: string;
    MessageGroupId?: string;
    MessageDeduplicationId?: string;
  }[];
}

/** SendMessageBatch as SQS speaks it; the official client checks the MD5 of each body. */
async function startQueue() {
  const server = createServer(async (request, response) => {
    const { QueueUrl: url, Entries: entries } = (await json(request)) as Sent;
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    const refuse = (code: string) => response.writeHead(400).end(JSON.stringify({ __type: code }));
    if (url.endsWith('/missing')) return refuse('com.amazonaws.sqs#QueueDoesNotExist');
    const sizeBytes = entries.reduce((sum, { MessageBody: body }) => sum + Buffer.byteLength(body), 0);
    if (sizeBytes > 256 * 1024) return refuse('com.amazonaws.sqs#BatchRequestTooLong');
    groups.push(...entries.map((entry) => [entry.MessageGroupId, entry.MessageDeduplicationId]));
    const isRefused = ({ MessageBody: body }: { MessageBody: string }) =>
      JSON.parse(body).messageId === refused;
    const taken = entries.filter((entry) => !isRefused(entry));
    for (const { MessageBody: body } of taken) sent.push(JSON.parse(body));
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    return response.end(
      JSON.stringify({
        Successful: taken.map(({ Id, MessageBody: body }) => ({
          Id,
          MessageId: Id,
          MD5OfMessageBody: md5(body),
        })),
        Failed: entries
          .filter(isRefused)
          .map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
      }),
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    },
    close: async () => void server.close(),
  };
}
const server = await startQueue();
useAwsAt(async () => server);
const queueUrl = (name: string) => `${server.env.AWS_ENDPOINT_URL}/000000000000/${name}`;
const toQueue = await startHandler({ resultsQueueUrl: queueUrl('results') });
const toLog = await startHandler();

const mixed = sqs([
  { id: '1', body: '{"text":"Free winner!"}' },
  { id: '2', body: 'not json' },
  { id: '3', body: '{"texts":["meeting notes","free"]}' },
  { id: '4', body: '{"text":""}' },
]);

describe('messages', () => {
  it('are answered one by one to the results queue; only the bad ones come again', async () => {
    expect(await toQueue.handler(mixed)).toEqual({
      batchItemFailures: [{ itemIdentifier: '2' }, { itemIdentifier: '4' }],
    });
    expect(sent).toEqual([
      { messageId: '1', model: expect.anything(), predictions: [expect.objectContaining({ label: 'spam' })] },
      {
        messageId: '3',
        model: { name: 'tiny', version: toQueue.manifest.version },
        predictions: [expect.objectContaining({ label: 'ham' }), expect.objectContaining({ label: 'spam' })],
      },
    ]);
  });

  it('whose answer the queue does not take come again too, of more than ten as well', async () => {
    const ids = [...Array.from({ length: 14 }, (_, i) => `${i}`), refused];
    const event = sqs(ids.map((id) => ({ id, body: '{"text":"free"}' })));
    sent.length = 0;
    expect(await toQueue.handler(event)).toEqual({ batchItemFailures: [{ itemIdentifier: refused }] });
    expect(sent.map(({ messageId }) => messageId)).toEqual(ids.slice(0, -1));
  });

  it('of a FIFO queue wait unanswered for a failed one of their group, and keep their groups', async () => {
    const body = '{"text":"free"}';
    const messages = [
      { id: '1', group: 'a', body },
      { id: '2', group: 'a', body: '' },
      { id: '3', group: 'b', body },
      { id: '4', group: 'a', body },
    ];
    const event = sqs(messages, 'texts.fifo');
    const failed = { batchItemFailures: [{ itemIdentifier: '2' }, { itemIdentifier: '4' }] };
    sent.length = 0;
    expect(await toQueue.handler(event)).toEqual(failed);
    expect(sent.map(({ messageId }) => messageId)).toEqual(['1', '3']);
    expect(groups.at(-1)).toEqual([undefined, undefined]);
    const toFifo = await startHandler({ resultsQueueUrl: queueUrl('results.fifo') });
    expect(await toFifo.handler(event)).toEqual(failed);
    expect(groups.slice(-2)).toEqual([
      ['a', '1'],
      ['b', '3'],
    ]);
    // A fair queue knows groups, too, but no order.
    expect(await toQueue.handler(sqs(messages))).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }] });
  });

  it('with large answers share requests only as far as a queue takes them', async () => {
    const { handler, logged } = await startHandler({
      resultsQueueUrl: queueUrl('results'),
      limits: readLimits({ MAX_TEXTS: '3000' }),
    });
    const texts = (count: number) => JSON.stringify({ texts: Array(count).fill('free') });
    const sizes = [1500, 1, 1500, 1, 1500, 3000, 1];
    const event = sqs(sizes.map((size, i) => ({ id: `${i}`, body: texts(size) })));
    sent.length = 0;
    expect(await handler(event)).toEqual({ batchItemFailures: [{ itemIdentifier: '5' }] });
    expect(sent.map(({ predictions }) => predictions.length)).toEqual(sizes.toSpliced(5, 1));
    const reason = expect.stringContaining('BatchRequestTooLong');
    expect(logged[0]).toMatchObject({ level: 'error', messageId: '5', code: 'not_sent', reason });
  });

  it('fail together, by its own word, if there is no results queue', async () => {
    const { handler } = await startHandler({ resultsQueueUrl: queueUrl('missing') });
    await expect(handler(mixed)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });

  it('without a results queue are answered to the log, where bad ones are named, never quoted', async () => {
    await written();
    toLog.logged.length = 0;
    await toLog.handler(mixed, { awsRequestId: 'request', xRayTraceId: 'Root=1' });
    await written();
    for (const line of toLog.logged) expect(line).toMatchObject({ requestId: 'request', traceId: 'Root=1' });
    const lines = toLog.logged.map(({ message, messageId, code }) => [message, messageId, code]);
    expect(lines).toEqual([
      ['message failed', '2', 'invalid_json'],
      ['message failed', '4', 'invalid_request'],
      ['predicted', '1', undefined],
      ['predicted', '3', undefined],
      ['invocation', undefined, undefined],
    ]);
    expect(JSON.stringify(toLog.logged)).not.toMatch(/winner|not json/);
  });
});
