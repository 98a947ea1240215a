import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { AwsError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import { functionArn } from '../lambda/function.ts';
import { type Context, reply } from '../lambda/request.ts';
import type { Routes } from '../lambda/routes.ts';
import { parseTarget, resolveQualifier } from '../lambda/target.ts';
import { type Queues, queueArn } from '../sqs/queues.ts';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import type { Mapping } from './mapping.ts';
import { poll } from './poller.ts';

/** Event source mappings: kept on disk, each with a poller of its own while it is enabled. */
export class EventSources {
  readonly #file: string;
  readonly #queues: Queues;
  readonly #lambda: Context;
  readonly #pollers = new Map<string, AbortController>();
  #mappings: Mapping[];

  constructor(folder: string, queues: Queues, lambda: Context) {
    this.#file = join(folder, 'event-sources.json');
    this.#queues = queues;
    this.#lambda = lambda;
    // Only `#save` writes it, so the shape is its own.
    this.#mappings = (readJsonFile(this.#file) ?? []) as Mapping[];
    for (const mapping of this.#mappings) this.#run(mapping);
  }

  /** Lambda's REST operations on mappings. */
  readonly operations: Routes = {
    CreateEventSourceMapping: [
      'POST /2015-03-31/event-source-mappings',
      ({ input }) => reply(202, describe(this.#save(this.#parse(input)), 'Creating')),
    ],
    ListEventSourceMappings: [
      'GET /2015-03-31/event-source-mappings',
      ({ call }) => {
        const [arn, name] = [call.query.get('EventSourceArn'), call.query.get('FunctionName')];
        const wanted = name === null ? undefined : parseTarget(name, undefined).name;
        const found = this.#mappings.filter(
          (one) =>
            (arn === null || queueArn(one.queueName) === arn) &&
            (wanted === undefined || one.functionName === wanted),
        );
        return reply(200, { EventSourceMappings: found.map((one) => describe(one)) });
      },
    ],
    GetEventSourceMapping: [
      'GET /2015-03-31/event-source-mappings/*',
      ({ parts }) => reply(200, describe(this.#get(parts[0]))),
    ],
    UpdateEventSourceMapping: [
      'PUT /2015-03-31/event-source-mappings/*',
      ({ parts, input }) =>
        reply(202, describe(this.#save({ ...this.#get(parts[0]), ...settings(input) }), 'Updating')),
    ],
    DeleteEventSourceMapping: [
      'DELETE /2015-03-31/event-source-mappings/*',
      ({ parts }) => {
        const gone = this.#get(parts[0]);
        this.#stop(gone.id);
        this.#mappings = this.#mappings.filter(({ id }) => id !== gone.id);
        writeJsonFile(this.#file, this.#mappings);
        return reply(202, describe(gone, 'Deleting'));
      },
    ],
  };

  /** Stops every poller; a batch that a function has in hand ends with its worker, and comes back. */
  close(): void {
    for (const id of [...this.#pollers.keys()]) this.#stop(id);
  }

  #get(id: string | undefined): Mapping {
    const found = this.#mappings.find((one) => one.id === id);
    if (!found)
      throw new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    return found;
  }

  #parse(input: Fields): Mapping {
    const { name, qualifier } = parseTarget(input.text('FunctionName'), undefined);
    resolveQualifier(this.#lambda.store.get(name), qualifier);
    const [, queueName] = input.text('EventSourceArn').match(/^arn:aws:sqs:[^:]*:\d{12}:([\w-]+)$/) ?? [];
    if (!queueName || !this.#queues.find(queueName))
      throw new AwsError(
        'InvalidParameterValueException',
        `Local Lambda maps SQS queues that exist; there is no queue ${input.text('EventSourceArn')}`,
      );
    if (
      this.#mappings.some(
        (one) => one.queueName === queueName && one.functionName === name && one.qualifier === qualifier,
      )
    )
      throw new AwsError(
        'ResourceConflictException',
        `An event source mapping of ${queueName} to ${name} already exists.`,
        409,
      );
    return {
      id: randomUUID(),
      queueName,
      functionName: name,
      ...(qualifier !== undefined && { qualifier }),
      batchSize: 10,
      windowSeconds: 0,
      enabled: true,
      reportsItemFailures: false,
      lastModified: Date.now(),
      ...settings(input),
    };
  }

  #save(mapping: Mapping): Mapping {
    const saved = { ...mapping, lastModified: Date.now() };
    this.#mappings = [...this.#mappings.filter(({ id }) => id !== saved.id), saved];
    writeJsonFile(this.#file, this.#mappings);
    this.#stop(saved.id);
    this.#run(saved);
    return saved;
  }

  #run(mapping: Mapping): void {
    if (!mapping.enabled) return;
    const stop = new AbortController();
    this.#pollers.set(mapping.id, stop);
    for (let i = 0; i < (mapping.maximumConcurrency ?? 2); i++)
      void poll(mapping, this.#queues, this.#lambda, stop.signal);
  }

  #stop(id: string): void {
    this.#pollers.get(id)?.abort();
    this.#pollers.delete(id);
  }
}

/** The members that may change, only those given. */
function settings(input: Fields): Partial<Mapping> {
  const batchSize = input.optionalNumber('BatchSize');
  const windowSeconds = input.optionalNumber('MaximumBatchingWindowInSeconds');
  const enabled = input.optionalBoolean('Enabled');
  const responses = input.optionalTexts('FunctionResponseTypes');
  const concurrency = input.optionalFields('ScalingConfig')?.optionalNumber('MaximumConcurrency');
  if (batchSize !== undefined && (batchSize < 1 || batchSize > 10_000))
    throw new AwsError('InvalidParameterValueException', 'BatchSize must be from 1 to 10000');
  if ((batchSize ?? 10) > 10 && !windowSeconds)
    throw new AwsError(
      'InvalidParameterValueException',
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  return {
    ...(batchSize !== undefined && { batchSize }),
    ...(windowSeconds !== undefined && { windowSeconds }),
    ...(enabled !== undefined && { enabled }),
    ...(responses && { reportsItemFailures: responses.includes('ReportBatchItemFailures') }),
    ...(concurrency !== undefined && { maximumConcurrency: concurrency }),
  };
}

function describe(mapping: Mapping, state = mapping.enabled ? 'Enabled' : 'Disabled'): object {
  return {
    UUID: mapping.id,
    EventSourceArn: queueArn(mapping.queueName),
    FunctionArn: functionArn(mapping.functionName, mapping.qualifier),
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.windowSeconds,
    State: state,
    StateTransitionReason: 'USER_INITIATED',
    LastModified: mapping.lastModified / 1000,
    ...(mapping.reportsItemFailures && { FunctionResponseTypes: ['ReportBatchItemFailures'] }),
    ...(mapping.maximumConcurrency !== undefined && {
      ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency },
    }),
  };
}
