import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AwsError } from '../errors.ts';
import { account, region } from '../identity.ts';
import { Queue, type QueueAttributes } from './queue.ts';

/** The queue's ARN. */
export function queueArn(name: string): string {
  return `arn:aws:sqs:${region}:${account}:${name}`;
}

/** All queues of the account. */
export class Queues {
  readonly #folder: string;
  readonly #queues = new Map<string, Queue>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) this.#queues.set(name, new Queue(folder, name));
  }

  get all(): Queue[] {
    return [...this.#queues.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  /** The queue; throws QueueDoesNotExist. */
  get(name: string): Queue {
    const queue = this.#queues.get(name);
    if (!queue)
      throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.', 400, {
        headers: { 'x-amzn-query-error': 'AWS.SimpleQueueService.NonExistentQueue;Sender' },
      });
    return queue;
  }

  create(name: string, attributes: QueueAttributes): Queue {
    const queue = new Queue(this.#folder, name, attributes);
    this.#queues.set(name, queue);
    return queue;
  }

  delete(name: string): void {
    rmSync(join(this.#folder, name), { recursive: true, force: true });
    this.#queues.delete(name);
  }

  /** Where messages of a queue go that were received too often. */
  deadLetters(queue: Queue): Queue | undefined {
    const { redrive } = queue.attributes;
    return redrive && this.find(redrive.deadLetterQueue);
  }
}
