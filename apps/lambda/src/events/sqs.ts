import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { RequestError } from '../errors.ts';
import { type PredictAnswer, predict, readTexts } from '../predict.ts';
import type { Service } from '../service.ts';
import { eventKind, recordsFrom } from './kind.ts';

/** Queued prediction requests: each is answered to the results queue, and only those that failed come again. */
export const queue = eventKind<SQSEvent>(
  'SQS messages',
  (event) => recordsFrom(event, 'aws:sqs'),
  async ({ Records: records }, service, report): Promise<SQSBatchResponse> => {
    const failed = new Set<string>();
    const readable = records.flatMap((record) => {
      try {
        return [{ record, texts: readTexts(parse(record.body), service.limits) }];
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        service.log('error', 'message refused', {
          messageId: record.messageId,
          code: error.code,
          reason: error.message,
        });
        failed.add(record.messageId);
        return [];
      }
    });
    // One run for all of them: short texts are quicker together.
    const { model, predictions } = await predict(
      readable.flatMap(({ texts }) => texts),
      service,
      report,
    );
    let next = 0;
    const answers = readable.map(({ record, texts }) => {
      next += texts.length;
      return {
        messageId: record.messageId,
        model,
        predictions: predictions.slice(next - texts.length, next),
      };
    });
    for (const messageId of await deliver(answers, service)) failed.add(messageId);
    failLaterOfGroup(records, failed);
    report.status = 200;
    report.failed = failed.size;
    return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
  },
);

/** Puts the answers where they go; returns the messages whose answer didn't get there. */
async function deliver(
  answers: ({ messageId: string } & PredictAnswer)[],
  service: Service,
): Promise<string[]> {
  if (service.resultsQueueUrl) {
    const { sendMessages } = await import('../aws.ts');
    return sendMessages(
      service.resultsQueueUrl,
      answers.map((answer) => ({ id: answer.messageId, body: JSON.stringify(answer) })),
    );
  }
  for (const { messageId, predictions } of answers)
    service.log('info', 'predicted', { messageId, predictions });
  return [];
}

/** In a FIFO queue, what comes after a failed message of its group has to wait for it. */
function failLaterOfGroup(records: SQSRecord[], failed: Set<string>): void {
  const stopped = new Set<string>();
  for (const { messageId, attributes } of records) {
    const group = attributes?.MessageGroupId;
    if (group === undefined) continue;
    if (failed.has(messageId)) stopped.add(group);
    else if (stopped.has(group)) failed.add(messageId);
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestError(400, 'invalid_json', 'The message is not JSON: send {"text": "…"}.');
  }
}
