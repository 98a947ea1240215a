import { operations } from './lambda-operations.ts';

/** A fault a test injects into one call: refused before it took effect, or done with its answer lost. */
export type Fault = 'throttle' | 'error' | 'cut-before' | 'cut-after';

/** One call as the wire has it. */
export interface Call {
  operation: string;
  functionName: string;
  qualifier: string | undefined;
  body: Record<string, unknown>;
}

/** One reply as the wire has it; `cut` breaks the connection instead. */
export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
  cut?: true;
}

/** What an image answers to a payload; throwing is a function error. */
export type Worker = (payload: unknown) => unknown;

/** $LATEST or a published version. */
export interface Version {
  version: string;
  image: string;
  configuration: Record<string, unknown>;
  description: string;
  readyAt: number;
  inactive: boolean;
  provisioned: { workers: number; readyAt: number } | undefined;
}

/** An alias. */
export interface Alias {
  version: string;
  description: string;
  revision: number;
  weights: Record<string, number>;
}

/** A function. */
export interface LambdaFunction {
  name: string;
  packageType: string;
  latest: Version;
  lastUpdate: { status: string; code?: string; doneAt: number };
  state: string;
  revision: number;
  versions: Version[];
  published: number;
  lastPublished: string;
  aliases: Map<string, Alias>;
  urls: Map<string, { auth: string }>;
  policy: Set<string>;
}

/** An answer that is an error, by the name AWS gives it. */
export class Refusal extends Error {
  readonly reply: Reply;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.reply = { status, body: { message, Type: 'User' }, headers: { 'x-amzn-errortype': code } };
  }
}

/**
 * Lambda's control plane as a state machine over a logical clock: every call is one tick, and what Lambda does in the
 * background takes `delay` ticks. So a test can put a fault, a kill or another deploy before any call it likes, and a
 * long wait costs nothing. The same contract (deploy-contract.ts) runs on local-aws, which has real time and workers.
 */
export class LambdaModel {
  readonly functions = new Map<string, LambdaFunction>();
  readonly images = new Map<string, Worker>();
  /** Images that Lambda takes and then can't run, with the reason code. */
  readonly broken = new Map<string, string>();
  readonly alarms = new Map<string, string>();
  readonly logGroups = new Map<string, number | undefined>();
  readonly calls: string[] = [];
  /** Asked before each call; a fault happens instead. */
  fault: (operation: string, tick: number) => Fault | undefined = () => undefined;
  /** Called before each call is handled: where a test lets something else happen in the middle. */
  before: (operation: string, tick: number) => void = () => {};
  /** Called after each call that took effect. */
  after: (call: Call, reply: Reply) => void = () => {};
  delay = 2;
  #revision = 0;

  /** Handles one call, or has a fault happen to it. */
  handle(call: Call, given?: Fault): Reply {
    this.calls.push(call.operation);
    this.before(call.operation, this.now);
    const fault = given ?? this.fault(call.operation, this.now);
    if (fault === 'throttle') return new Refusal(429, 'TooManyRequestsException', 'Rate exceeded').reply;
    if (fault === 'error') return new Refusal(500, 'ServiceException', 'Internal failure').reply;
    if (fault === 'cut-before') return { status: 0, body: undefined, cut: true };
    const reply = this.#apply(call);
    this.after(call, reply);
    return fault === 'cut-after' ? { status: 0, body: undefined, cut: true } : reply;
  }

  #apply(call: Call): Reply {
    try {
      const operation = operations[call.operation];
      if (!operation) throw new Refusal(404, 'UnknownOperationException', call.operation);
      return operation(this, call);
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      throw error;
    }
  }

  /** The logical time: how many calls there have been. */
  get now(): number {
    return this.calls.length;
  }

  nextRevision(): number {
    return ++this.#revision;
  }

  /** The function, with what Lambda did to it meanwhile. */
  find(name: string): LambdaFunction {
    const fn = this.functions.get(name);
    if (!fn) throw new Refusal(404, 'ResourceNotFoundException', `Function not found: ${name}`);
    if (fn.lastUpdate.status === 'InProgress' && this.now >= fn.lastUpdate.doneAt) {
      const code = this.broken.get(digestOf(fn.latest.image));
      fn.lastUpdate = { status: code ? 'Failed' : 'Successful', doneAt: 0, ...(code && { code }) };
      if (fn.state === 'Pending') fn.state = code ? 'Failed' : 'Active';
      if (!code) fn.state = 'Active';
      fn.revision = this.nextRevision();
    }
    return fn;
  }

  /** The version that a qualifier names. */
  version(fn: LambdaFunction, qualifier: string | undefined): Version {
    if (!qualifier || qualifier === '$LATEST') return fn.latest;
    const named = fn.aliases.get(qualifier)?.version ?? qualifier;
    const found = fn.versions.find(({ version }) => version === named);
    if (!found)
      throw new Refusal(404, 'ResourceNotFoundException', `Function not found: ${fn.name}:${qualifier}`);
    return found;
  }

  /** Refuses what Lambda refuses while something is under way. */
  checkIdle(fn: LambdaFunction): void {
    if (fn.lastUpdate.status === 'InProgress')
      throw new Refusal(
        409,
        'ResourceConflictException',
        `The operation cannot be performed at this time. An update is in progress for resource: ${fn.name}`,
      );
  }

  /** Refuses images that aren't in the registry. */
  checkImage(uri: unknown): string {
    if (typeof uri !== 'string' || !this.images.has(digestOf(uri)))
      throw new Refusal(400, 'InvalidParameterValueException', `Source image ${uri} does not exist.`);
    return uri;
  }
}

/** The digest in repository@sha256:…. */
export function digestOf(image: string): string {
  return image.slice(image.indexOf('@') + 1);
}
