import { AwsError } from '../errors.ts';
import type { Call } from '../http/call.ts';
import { jsonRpc, type Operation } from '../http/json-rpc.ts';
import type { Service } from '../http/service.ts';
import { account } from '../identity.ts';
import { describeAttributes, parseAttributes } from './attributes.ts';
import { messageOperations, queueOf } from './message-operations.ts';
import type { Queues } from './queues.ts';

const urlOf = (call: Call, name: string) => `${call.origin}/${account}/${name}`;

/** SQS with standard queues: visibility time outs, delays, long polling and dead letter queues. */
export function createSqs(queues: Queues): Service {
  const operations: Record<string, Operation> = {
    ...messageOperations(queues),
    CreateQueue(input, call) {
      const name = input.text('QueueName');
      if (!/^[\w-]{1,80}$/.test(name))
        throw new AwsError(
          'InvalidParameterValue',
          'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length. Local SQS has no FIFO queues.',
        );
      const attributes = parseAttributes(input.optionalTextMap('Attributes') ?? {});
      const existing = queues.find(name);
      if (existing && JSON.stringify(existing.attributes) !== JSON.stringify(attributes))
        throw new AwsError('QueueNameExists', `A queue named ${name} already exists with other attributes.`);
      if (!existing) queues.create(name, attributes);
      return { QueueUrl: urlOf(call, name) };
    },
    GetQueueUrl: (input, call) => ({ QueueUrl: urlOf(call, queues.get(input.text('QueueName')).name) }),
    ListQueues(input, call) {
      const prefix = input.optionalText('QueueNamePrefix') ?? '';
      const names = queues.all.map(({ name }) => name).filter((name) => name.startsWith(prefix));
      return { QueueUrls: names.map((name) => urlOf(call, name)) };
    },
    GetQueueAttributes(input) {
      const wanted = input.optionalTexts('AttributeNames') ?? [];
      const all = Object.entries(describeAttributes(queueOf(queues, input)));
      return {
        Attributes: Object.fromEntries(
          all.filter(([name]) => wanted.includes('All') || wanted.includes(name)),
        ),
      };
    },
    SetQueueAttributes(input) {
      const queue = queueOf(queues, input);
      queue.attributes = parseAttributes(input.optionalTextMap('Attributes') ?? {}, queue.attributes);
      return {};
    },
    PurgeQueue(input) {
      queueOf(queues, input).purge();
      return {};
    },
    DeleteQueue(input) {
      queues.delete(queueOf(queues, input).name);
      return {};
    },
  };
  return jsonRpc('sqs', operations, 'InvalidParameterValue');
}
