import { randomBytes, randomUUID } from 'node:crypto';
import { AwsError } from '../../errors.ts';
import type { LogStore } from '../../logs/log-store.ts';
import { fingerprint, functionArn, type LambdaFunction, type Version } from '../function.ts';
import type { InvokeRequest, InvokeResult, Workers } from '../workers.ts';
import { workerEnvironment } from './environment.ts';
import { errorPayload } from './error-payload.ts';
import type { ImageRoots } from './image-root.ts';
import { InvocationLog, LogStream } from './invocation-log.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import { type Outcome, Worker } from './worker.ts';

export interface PoolOptions {
  roots: ImageRoots;
  logs: LogStore;
  sandbox: Sandbox;
  /** Environment through which a handler's own SDK clients reach this server. */
  credentials: () => Record<string, string>;
  /** Workers that may run at once, over all functions. */
  maxConcurrency: number;
  /** Lambda's limit for the init phase: 10 seconds. */
  initLimitMs: number;
  /** How long an idle worker is kept. */
  keepIdleMs: number;
}

interface Slot {
  key: string;
  worker: Worker;
  stream: LogStream;
  /** Taken by a request, from before its init until its answer. */
  isBusy: boolean;
  isRetired: boolean;
  idleTimer?: NodeJS.Timeout;
}

/** Workers by function and version: one per concurrent request, reused while they are idle. */
export class WorkerPool implements Workers {
  readonly #options: PoolOptions;
  readonly #slots = new Map<string, Set<Slot>>();
  readonly #active = new Map<string, number>();
  readonly #stopping = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Runs one event; throws TooManyRequestsException when the function or the account is at its limit. */
  async invoke(fn: LambdaFunction, version: Version, request: InvokeRequest): Promise<InvokeResult> {
    const requestId = request.requestId ?? randomUUID();
    const release = this.#enter(fn);
    try {
      const { slot, failure } = await this.#ready(fn, version);
      const log = new InvocationLog(slot.stream, requestId, version, slot.worker);
      if (failure) {
        log.end();
        return result(requestId, failure, version, log);
      }
      const limitMs = version.timeoutSeconds * 1000;
      const invocation = {
        requestId,
        arn: functionArn(fn.name, request.qualifier),
        payload: request.payload,
        deadlineMs: Date.now() + limitMs,
        traceId: traceId(),
        ...(request.clientContext !== undefined && { clientContext: request.clientContext }),
      };
      const { outcome, finished } = slot.worker.invoke(invocation, limitMs);
      const ended = finished.then(() => log.end());
      const settled = await outcome;
      this.#release(fn.name, slot);
      return result(requestId, settled, version, log, ended);
    } finally {
      release();
    }
  }

  /** Ends the workers of a function whose key (`version:fingerprint`) is no longer wanted; busy ones after their event. */
  retire(name: string, isUnwanted: (key: string) => boolean): void {
    for (const slot of this.#slots.get(name) ?? []) {
      if (!isUnwanted(slot.key)) continue;
      slot.isRetired = true;
      if (!slot.isBusy) this.#drop(name, slot);
    }
  }

  /** Ends every worker and waits until they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const slots = [...this.#slots.values()].flatMap((set) => [...set]);
    this.#slots.clear();
    for (const slot of slots) clearTimeout(slot.idleTimer);
    await Promise.all([...slots.map((slot) => slot.worker.stop()), ...this.#stopping]);
  }

  #enter(fn: LambdaFunction): () => void {
    if (this.#isClosed) throw new AwsError('ServiceException', 'Local AWS is shutting down.', 503);
    const active = this.#active.get(fn.name) ?? 0;
    const total = [...this.#active.values()].reduce((sum, one) => sum + one, 0);
    const throttled = (Reason: string) =>
      new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429, {
        fields: { Reason, Type: 'User' },
        headers: { 'retry-after': '1' },
      });
    if (fn.reservedConcurrency !== undefined && active >= fn.reservedConcurrency)
      throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
    if (total >= this.#options.maxConcurrency) throw throttled('ConcurrentInvocationLimitExceeded');
    this.#active.set(fn.name, active + 1);
    return () => this.#active.set(fn.name, this.#active.get(fn.name)! - 1);
  }

  /** An idle worker, or a new one that is through its init. */
  async #ready(fn: LambdaFunction, version: Version): Promise<{ slot: Slot; failure?: Outcome }> {
    const key = `${version.version}:${fingerprint(version)}`;
    if (version.version === '$LATEST')
      this.retire(fn.name, (other) => other.startsWith('$LATEST:') && other !== key);
    const slots = this.#slots.get(fn.name) ?? new Set<Slot>();
    for (const slot of slots) if (!slot.worker.isAlive) slots.delete(slot);
    const idle = [...slots].find((slot) => slot.key === key && !slot.isBusy);
    if (idle) {
      clearTimeout(idle.idleTimer);
      idle.isBusy = true;
      return { slot: idle };
    }
    // Lambda gives init ten seconds; what takes longer is started anew on the invocation's own time.
    const first = await this.#startReady(fn, version, key, this.#options.initLimitMs);
    if (first.failure?.kind !== 'timeout') return first;
    return this.#startReady(fn, version, key, version.timeoutSeconds * 1000);
  }

  async #startReady(
    fn: LambdaFunction,
    version: Version,
    key: string,
    limitMs: number,
  ): Promise<{ slot: Slot; failure?: Outcome }> {
    const slot = await this.#start(fn, version, key);
    const slots = this.#slots.get(fn.name) ?? new Set();
    this.#slots.set(fn.name, slots.add(slot));
    const failure = await slot.worker.ready(limitMs);
    if (!failure) return { slot };
    slots.delete(slot);
    await this.#stop(slot.worker);
    return { slot, failure };
  }

  async #start(fn: LambdaFunction, version: Version, key: string): Promise<Slot> {
    const root = await this.#options.roots.get(version.digest);
    const architecture = version.architecture === 'arm64' ? 'arm64' : 'amd64';
    const streamName = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[${version.version}]${randomBytes(16).toString('hex')}`;
    const stream = new LogStream(this.#options.logs, version.logGroup, streamName);
    const { sandbox } = this.#options;
    const worker = await Worker.start({
      environment: (runtimeApi) =>
        workerEnvironment({
          name: fn.name,
          version,
          config: root.config,
          taskRoot: sandbox.taskRoot(root.folder),
          runtimeApi,
          logStream: streamName,
          credentials: this.#options.credentials(),
        }),
      launch: sandbox.launch({
        imageFolder: root.folder,
        workingDirectory: version.workingDirectory ?? root.config.WorkingDir ?? '/var/task',
        memoryMb: version.memoryMb,
        ephemeralMb: version.ephemeralMb,
      }),
      memoryMb: version.memoryMb,
      onLine: (line) => stream.write(line),
    });
    if (this.#isClosed) await this.#stop(worker);
    if (root.architecture !== architecture) worker.refuse();
    return { key, worker, stream, isBusy: true, isRetired: false };
  }

  #release(name: string, slot: Slot): void {
    slot.isBusy = false;
    if (slot.isRetired || !slot.worker.isAlive) this.#drop(name, slot);
    else slot.idleTimer = setTimeout(() => this.#drop(name, slot), this.#options.keepIdleMs).unref();
  }

  #drop(name: string, slot: Slot): void {
    clearTimeout(slot.idleTimer);
    this.#slots.get(name)?.delete(slot);
    void this.#stop(slot.worker);
  }

  /** Ends a worker; what is still ending is waited for when the pool closes, so that nothing writes after that. */
  async #stop(worker: Worker): Promise<void> {
    const stopping = worker.stop();
    this.#stopping.add(stopping);
    await stopping;
    this.#stopping.delete(stopping);
  }
}

function result(
  requestId: string,
  outcome: Outcome,
  version: Version,
  log: InvocationLog,
  ended: Promise<void> = Promise.resolve(),
): InvokeResult {
  return {
    requestId,
    payload: errorPayload(outcome, requestId, version.timeoutSeconds),
    isError: outcome.kind !== 'response',
    contentType: outcome.kind === 'response' ? outcome.contentType : undefined,
    logTail: ended.then(() => log.tail),
  };
}

const traceId = () =>
  `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`;
