import { AwsError } from '../errors.ts';
import { defaultAttributes, type Queue, type QueueAttributes } from './queue.ts';
import { queueArn } from './queues.ts';

const bounds = {
  VisibilityTimeout: [0, 43_200],
  DelaySeconds: [0, 900],
  MessageRetentionPeriod: [60, 1_209_600],
  ReceiveMessageWaitTimeSeconds: [0, 20],
  MaximumMessageSize: [1024, 1_048_576],
} as const;

const invalid = (name: string) =>
  new AwsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);

/** Attributes as clients write them (all strings), over what the queue has. */
export function parseAttributes(
  given: Record<string, string>,
  current: QueueAttributes = defaultAttributes,
): QueueAttributes {
  const result = { ...current };
  for (const [name, text] of Object.entries(given)) {
    if (name === 'RedrivePolicy') {
      const { redrive: _, ...rest } = result;
      return parseAttributes(
        without(given, name),
        text === '' ? rest : { ...rest, redrive: parseRedrive(text) },
      );
    }
    if (!(name in bounds)) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    const key = name as keyof typeof bounds;
    const [min, max] = bounds[key];
    const value = Number(text);
    if (text === '' || !Number.isInteger(value) || value < min || value > max) throw invalid(name);
    result[key] = value;
  }
  return result;
}

function without(record: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}

function parseRedrive(text: string): NonNullable<QueueAttributes['redrive']> {
  try {
    const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(text) as Record<string, unknown>;
    const deadLetterQueue = String(deadLetterTargetArn).split(':').pop() ?? '';
    const count = Number(maxReceiveCount);
    if (deadLetterQueue && Number.isInteger(count) && count > 0)
      return { deadLetterQueue, maxReceiveCount: count };
  } catch {}
  throw invalid('RedrivePolicy');
}

/** All attributes of a queue as GetQueueAttributes shows them. */
export function describeAttributes(queue: Queue): Record<string, string> {
  const { redrive, ...numbers } = queue.attributes;
  const { visible, inFlight, delayed } = queue.count(Date.now());
  return {
    QueueArn: queueArn(queue.name),
    CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
    ...(redrive && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: queueArn(redrive.deadLetterQueue),
        maxReceiveCount: redrive.maxReceiveCount,
      }),
    }),
  };
}
