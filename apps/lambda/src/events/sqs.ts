import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { RequestError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { type PredictAnswer, predict, readTexts } from '../predict.ts';
import type { Service } from '../service.ts';
import { eventKind, recordsFrom } from './kind.ts';

/** Queued prediction requests: each is answered to the results queue, and only those that failed come again. */
export const queue = eventKind<SQSEvent>(
  'SQS messages',
  (event) => recordsFrom(event, 'aws:sqs'),
  async ({ Records: records }, service, report): Promise<SQSBatchResponse> => {
    const failed = new Set<string>();
    const fail = (messageId: string, code: string, reason: string) => {
      service.log('error', 'message failed', { messageId, code, reason });
      failed.add(messageId);
    };
    const readable = records.flatMap((record) => {
      try {
        return [{ record, texts: readTexts(parseJson(record.body, 'The message'), service.limits) }];
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        fail(record.messageId, error.code, error.message);
        return [];
      }
    });
    // Before they are answered: what comes again must not have been answered out of turn.
    failLaterOfGroup(records, failed);
    const turn = readable.filter(({ record }) => !failed.has(record.messageId));
    // One run for all of them: short texts are quicker together.
    const { model, predictions } = await predict(
      turn.flatMap(({ texts }) => texts),
      service,
      report,
    );
    let next = 0;
    const answers = turn.map(({ record, texts }) => {
      next += texts.length;
      return { record, answer: { model, predictions: predictions.slice(next - texts.length, next) } };
    });
    for (const [messageId, reason] of await deliver(answers, service)) fail(messageId, 'not_sent', reason);
    failLaterOfGroup(records, failed);
    report.status = 200;
    report.failed = failed.size;
    return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
  },
);

/** Puts the answers where they go; returns the messages whose answer didn't get there, and why. */
async function deliver(
  answers: { record: SQSRecord; answer: PredictAnswer }[],
  service: Service,
): Promise<Map<string, string>> {
  if (service.resultsQueueUrl) {
    const { sendMessages } = await import('../aws.ts');
    const messages = answers.map(({ record: { messageId, attributes }, answer }) => ({
      id: messageId,
      body: JSON.stringify({ messageId, ...answer }),
      group: attributes?.MessageGroupId ?? messageId,
    }));
    return sendMessages(service.resultsQueueUrl, messages);
  }
  for (const { record, answer } of answers)
    service.log('info', 'predicted', { messageId: record.messageId, predictions: answer.predictions });
  return new Map();
}

/** In a FIFO queue, what comes after a failed message of its group has to wait for it. */
function failLaterOfGroup(records: SQSRecord[], failed: Set<string>): void {
  const stopped = new Set<string>();
  for (const { messageId, attributes, eventSourceARN } of records) {
    const group = attributes?.MessageGroupId;
    // Other queues have groups, too, but only to be fair to each.
    if (group === undefined || !eventSourceARN?.endsWith('.fifo')) continue;
    if (failed.has(messageId)) stopped.add(group);
    else if (stopped.has(group)) failed.add(messageId);
  }
}
