import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';

/** A message attribute as SQS carries it. */
export interface MessageAttribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: string;
}

/** A message as it is kept on disk. */
export interface Message {
  id: string;
  body: string;
  md5: string;
  attributes: Record<string, MessageAttribute>;
  sentAt: number;
  /** Not before this moment does anyone see it. */
  visibleAt: number;
  receiveCount: number;
  firstReceivedAt?: number;
  /** The handle of the last receive: only it may delete the message or hide it longer. */
  receiptHandle?: string;
}

/** What a queue was told about itself; durations in seconds, as SQS counts. */
export interface QueueAttributes {
  VisibilityTimeout: number;
  DelaySeconds: number;
  MessageRetentionPeriod: number;
  ReceiveMessageWaitTimeSeconds: number;
  MaximumMessageSize: number;
  /** After so many receives a message moves to the dead letter queue. */
  redrive?: { deadLetterQueue: string; maxReceiveCount: number };
}

export const defaultAttributes: QueueAttributes = {
  VisibilityTimeout: 30,
  DelaySeconds: 0,
  MessageRetentionPeriod: 345_600,
  ReceiveMessageWaitTimeSeconds: 0,
  MaximumMessageSize: 1_048_576,
};

/** One standard queue on disk: `queue.json` and a file per message. */
export class Queue {
  readonly name: string;
  readonly createdAt: number;
  #attributes: QueueAttributes;
  readonly #folder: string;
  readonly #messages = new Map<string, Message>();
  readonly #waiting = new Set<() => void>();

  constructor(root: string, name: string, attributes?: QueueAttributes) {
    this.name = name;
    this.#folder = join(root, name);
    mkdirSync(join(this.#folder, 'messages'), { recursive: true });
    // Only this class writes here, so the shapes are its own.
    const saved = readJsonFile(join(this.#folder, 'queue.json')) as
      | { createdAt: number; attributes: QueueAttributes }
      | undefined;
    this.createdAt = saved?.createdAt ?? Date.now();
    this.#attributes = saved?.attributes ?? attributes ?? defaultAttributes;
    if (!saved) this.attributes = this.#attributes;
    for (const file of readdirSync(join(this.#folder, 'messages')).filter((one) => one.endsWith('.json'))) {
      const message = readJsonFile(join(this.#folder, 'messages', file)) as Message;
      this.#messages.set(message.id, message);
    }
  }

  get attributes(): QueueAttributes {
    return this.#attributes;
  }

  set attributes(attributes: QueueAttributes) {
    this.#attributes = attributes;
    writeJsonFile(join(this.#folder, 'queue.json'), { createdAt: this.createdAt, attributes });
  }

  /** How many messages wait, are in flight, and are delayed. */
  count(now: number): { visible: number; inFlight: number; delayed: number } {
    this.#expire(now);
    const counts = { visible: 0, inFlight: 0, delayed: 0 };
    for (const { visibleAt, receiptHandle } of this.#messages.values())
      counts[visibleAt <= now ? 'visible' : receiptHandle ? 'inFlight' : 'delayed']++;
    return counts;
  }

  send(body: string, attributes: Message['attributes'], delaySeconds: number): Message {
    const now = Date.now();
    const message: Message = {
      id: randomUUID(),
      body,
      md5: createHash('md5').update(body).digest('hex'),
      attributes,
      sentAt: now,
      visibleAt: now + delaySeconds * 1000,
      receiveCount: 0,
    };
    this.take(message);
    return message;
  }

  /** Puts a message in, also one that comes from another queue. */
  take(message: Message): void {
    this.#write(message);
    for (const wake of this.#waiting) wake();
  }

  /** Up to `limit` visible messages, hidden from others for the time out; what was received too often goes to `deadLetters`. */
  receive(limit: number, visibilitySeconds: number, deadLetters: Queue | undefined): Message[] {
    const now = Date.now();
    this.#expire(now);
    const received: Message[] = [];
    for (const message of this.#messages.values()) {
      if (received.length === limit) break;
      if (message.visibleAt > now) continue;
      const { redrive } = this.#attributes;
      if (deadLetters && redrive && message.receiveCount >= redrive.maxReceiveCount) {
        const { receiptHandle, ...rest } = message;
        this.remove(message.id);
        deadLetters.take({ ...rest, visibleAt: now });
        continue;
      }
      const taken: Message = {
        ...message,
        receiveCount: message.receiveCount + 1,
        firstReceivedAt: message.firstReceivedAt ?? now,
        visibleAt: now + visibilitySeconds * 1000,
        receiptHandle: Buffer.from(`${message.id} ${randomUUID()}`).toString('base64'),
      };
      this.#write(taken);
      received.push(taken);
    }
    return received;
  }

  /** Resolves when a message came in, or after `limitMs`, or when `signal` fires. */
  async arrival(limitMs: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      // A message whose time out ends makes no noise, so the wait looks up at least once a second.
      const timer = setTimeout(done, Math.min(limitMs, this.#nextVisible(), 1000));
      this.#waiting.add(done);
      signal?.addEventListener('abort', done);
    });
  }

  /** The message whose last receive this handle is. */
  byHandle(receiptHandle: string): Message | undefined {
    const id = Buffer.from(receiptHandle, 'base64').toString('utf8').split(' ')[0] ?? '';
    const message = this.#messages.get(id);
    return message?.receiptHandle === receiptHandle ? message : undefined;
  }

  hide(message: Message, seconds: number): void {
    this.#write({ ...message, visibleAt: Date.now() + seconds * 1000 });
    if (seconds === 0) for (const wake of this.#waiting) wake();
  }

  remove(id: string): void {
    rmSync(this.#file(id), { force: true });
    this.#messages.delete(id);
  }

  purge(): void {
    for (const id of this.#messages.keys()) this.remove(id);
  }

  #nextVisible(): number {
    const soonest = Math.min(...[...this.#messages.values()].map(({ visibleAt }) => visibleAt));
    return Math.max(0, soonest - Date.now());
  }

  #expire(now: number): void {
    for (const { id, sentAt } of this.#messages.values())
      if (sentAt + this.#attributes.MessageRetentionPeriod * 1000 < now) this.remove(id);
  }

  #write(message: Message): void {
    writeJsonFile(this.#file(message.id), message);
    this.#messages.set(message.id, message);
  }

  #file(id: string): string {
    return join(this.#folder, 'messages', `${id}.json`);
  }
}
