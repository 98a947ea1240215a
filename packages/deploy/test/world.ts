import { AsyncLocalStorage } from 'node:async_hooks';
import { LambdaClient } from '@aws-sdk/client-lambda';
import {
  AwsError,
  createLambda,
  type Fault,
  inProcess,
  type Lambda,
  type LambdaFunction,
} from '@mainline/local-aws';
import type { Clients } from '../src/aws/clients.ts';
import { type DeployResult, deploy } from '../src/deploy.ts';
import type { DeployRequest } from '../src/request.ts';

/** A digest that is easy to read in a failing test. */
export const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** An image by such a digest. */
export const image = (letter: string) => `registry.example/spam@${digest(letter)}`;

/** What an image answers to a payload, and the JSON of the caller's client context; throwing is a function error. */
export type Worker = (payload: { text?: unknown }, clientContext?: string) => unknown;

/** A function that says spam for anything with an exclamation mark. */
export const classifier =
  (version: string): Worker =>
  ({ text }) => {
    const spam = String(text).includes('!') ? 0.9 : 0.2;
    return {
      model: { name: 'spam', version },
      predictions: [
        {
          label: spam > 0.5 ? 'spam' : 'ham',
          score: Math.max(spam, 1 - spam),
          scores: { ham: 1 - spam, spam },
        },
      ],
    };
  };

/** What {@link classifier} answers rightly. */
export const golden = {
  tolerance: 0.001,
  cases: [
    { text: 'Buy now!', label: 'spam', scores: { ham: 0.1, spam: 0.9 } },
    { text: 'See you at noon', label: 'ham', scores: { ham: 0.8, spam: 0.2 } },
  ],
};

/** A deploy of such an image that creates what is missing and waits next to nothing. */
export function requestFor(letter: string, more: Partial<DeployRequest> = {}): DeployRequest {
  return {
    functionName: 'spam',
    image: image(letter),
    alias: 'live',
    golden,
    commit: `c0ffee${letter}`,
    modelVersion: 'm1',
    configuration: { role: 'arn:aws:iam::000000000000:role/spam' },
    pace: { timeoutMs: 5_000, pollMs: 0, retryMs: 0 },
    ...more,
  };
}

/** Faults by short names, as tests ask for them. */
export const faults = {
  throttle: { kind: 'refuse', code: 'TooManyRequestsException', status: 429 },
  error: { kind: 'refuse', code: 'ServiceException', status: 500 },
  'cut-before': { kind: 'cut-before' },
  'cut-after': { kind: 'cut-after' },
} satisfies Record<string, Fault>;

/** What happens on one caller's line to Lambda; its calls are counted from 1. */
export interface Line {
  /** Waited for before each call; throwing is the caller's death. */
  before?: (call: number) => Promise<void> | void;
  /** Called when a call has had its effect; throwing is the caller's death. */
  after?: (call: number) => void;
  fault?: (call: number) => Fault | undefined;
}

type Handler = ReturnType<typeof inProcess>;
const current = new AsyncLocalStorage<{ world: World; line: Line; calls: number }>();

/**
 * The official client without a socket and a signature, so that thousands of simulated deploys take seconds. There is
 * one, since the first call of each is dear; which world a request is for, its asynchronous context tells.
 */
const client = clientOn({
  async handle(request: Parameters<Handler['handle']>[0]) {
    const on = current.getStore();
    if (!on) throw new Error('A request outside World.on');
    const call = ++on.calls;
    await on.line.before?.(call);
    try {
      return await on.world.handler.handle(request);
    } finally {
      on.line.after?.(call);
    }
  },
});

function clientOn(requestHandler: Pick<Handler, 'handle'>): LambdaClient {
  return new LambdaClient({
    region: 'us-east-1',
    endpoint: 'http://lambda.example',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
    signer: { sign: async (request) => request },
    requestHandler,
  });
}

/**
 * Local AWS's Lambda in this process, with functions instead of workers and a logical clock: every call is a tick, and
 * what Lambda does in the background takes `delay` ticks. A test can have anything happen before or after any call.
 */
export class World {
  readonly lambda: Lambda;
  readonly handler: Handler;
  /** Three good images, a and b and c, and whatever a test adds. */
  readonly images = new Map(['a', 'b', 'c'].map((letter) => [digest(letter), classifier('m1')]));
  /** Images that Lambda takes and then can't run, with the reason code. */
  readonly broken = new Map<string, string>();
  readonly calls: string[] = [];
  fault: (operation: string) => Fault | undefined = () => undefined;
  before: (operation: string) => void = () => {};
  after: (operation: string) => void = () => {};
  /** Called for each answer of a worker. */
  answered: (version: string, payload: { text?: unknown }, answer: unknown) => void = () => {};
  delay = 0;
  /** Clients of other services, for tests that need them. */
  others: Omit<Clients, 'lambda'> = {};
  readonly #waiting: { until: number; done: () => void }[] = [];

  constructor() {
    this.lambda = createLambda({
      delays: { createMs: 0, updateMs: 0, publishMs: 0 },
      images: {
        resolve: (imageUri) => {
          const [, found = ''] = imageUri.split('@');
          if (!this.images.has(found))
            throw new AwsError('InvalidParameterValueException', `Source image ${imageUri} does not exist.`);
          return { repository: 'spam', digest: found };
        },
        inspect: (_, version) => {
          const code = this.broken.get(version.digest);
          const reason = code ? { code, message: 'Lambda’s own words.' } : undefined;
          return this.delay === 0 ? reason : this.#later().then(() => reason);
        },
      },
      workers: {
        invoke: async (_, version, { payload, clientContext }) =>
          this.#work(version.version, version.digest, payload, clientContext),
        retire() {},
        close: async () => {},
      },
    });
    const { service } = this.lambda;
    const watched = {
      ...service,
      handle: async (call: Parameters<typeof service.handle>[0]) => {
        try {
          return await service.handle(call);
        } finally {
          this.after(service.operationOf(call));
        }
      },
    };
    this.handler = inProcess(watched, {
      faults: ({ operation }) => {
        this.calls.push(operation);
        for (const { until, done } of this.#waiting) if (until <= this.calls.length) done();
        this.before(operation);
        const on = current.getStore();
        return on?.line.fault?.(on.calls) ?? this.fault(operation);
      },
    });
  }

  /** Does a piece of work with a client on a line of its own to this Lambda. */
  on<T>(line: Line, work: (clients: Clients) => Promise<T>): Promise<T> {
    return current.run({ world: this, line, calls: 0 }, () => work({ ...this.others, lambda: client }));
  }

  /** A client of its own, for a piece of work that spans several worlds. */
  connect(): LambdaClient {
    return clientOn(this.handler);
  }

  /** Deploys the image of a letter. */
  go(letter: string, more?: Partial<DeployRequest>, log?: (line: string) => void): Promise<DeployResult> {
    return this.on({}, (clients) => deploy(clients, requestFor(letter, more), log));
  }

  /** The function as Lambda keeps it. */
  fn(name = 'spam'): LambdaFunction {
    return this.lambda.context.store.get(name);
  }

  /** The alias as Lambda keeps it. */
  live(name = 'spam') {
    return this.lambda.context.store.find(name)?.aliases.find((alias) => alias.name === 'live');
  }

  /** Changes the function behind everybody's back. */
  meddle(change: (fn: LambdaFunction) => Partial<LambdaFunction>): void {
    const fn = this.fn();
    this.lambda.context.store.save({ ...fn, ...change(fn) });
  }

  #later(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ until: this.calls.length + this.delay, done: resolve });
    return promise;
  }

  #work(version: string, of: string, bytes: Uint8Array, clientContext: string | undefined) {
    const payload = JSON.parse(Buffer.from(bytes).toString());
    let answer: unknown;
    let isError = false;
    try {
      answer = this.images.get(of)?.(payload, clientContext);
      this.answered(version, payload, answer);
    } catch (error) {
      isError = true;
      answer = { errorType: 'Error', errorMessage: error instanceof Error ? error.message : '' };
    }
    return {
      requestId: '1',
      payload: Buffer.from(JSON.stringify(answer)),
      isError,
      contentType: undefined,
      logTail: Promise.resolve('REPORT RequestId: 1\tDuration: 2.50 ms\tInit Duration: 41.25 ms\n'),
    };
  }
}
