import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { processMemory } from './process-memory.ts';
import { type Invocation, RuntimeApi, type RuntimeResult } from './runtime-api.ts';
import type { Launch } from './sandbox/sandbox.ts';

/** How an invocation ended, in the words of Lambda's error types where it failed. */
export type Outcome =
  | RuntimeResult
  | { kind: 'init-error'; payload: Buffer }
  | { kind: 'exit'; status: string }
  | { kind: 'timeout' }
  | { kind: 'invalid-entrypoint' };

export interface WorkerOptions {
  environment: (runtimeApi: string) => Record<string, string>;
  launch: Launch;
  memoryMb: number;
  onLine: (line: string) => void;
}

const lastWordsMs = 200;
const memoryWatchMs = 100;

/** One execution environment: this machine's Node with the real runtime client, fed by a Runtime API of its own. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #api: RuntimeApi;
  readonly #memoryMb: number;
  readonly #startedAt = performance.now();
  readonly #idle = Promise.withResolvers<void>();
  #current: { requestId: string; settle: (outcome: Outcome) => void; finish: () => void } | undefined;
  /** Ends the invocation that is answered but whose runtime has not asked for more yet. */
  #finishing: (() => void) | undefined;
  #initMs: number | undefined;
  #initTold = false;
  #failure: Outcome | undefined;
  #isMuted = false;

  private constructor(child: ChildProcess, api: RuntimeApi, memoryMb: number) {
    this.#memoryMb = memoryMb;
    this.#child = child;
    this.#api = api;
  }

  static async start(options: WorkerOptions): Promise<Worker> {
    const events = {
      onNext: () => worker.#onNext(),
      onResult: (id: string, result: RuntimeResult) => worker.#onResult(id, result),
      onInitError: (payload: Buffer) => worker.#fail({ kind: 'init-error', payload }),
    };
    const api = await RuntimeApi.start(events);
    const { program, args, cwd } = options.launch;
    const child = spawn(program, args, {
      cwd,
      env: options.environment(api.address),
      // fd 3 is the lifeline that preload.ts watches: it closes with this process, however that ends.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const worker = new Worker(child, api, options.memoryMb);
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
        if (!worker.#isMuted) options.onLine(line);
      });
    child.on('error', (error) => worker.#fail({ kind: 'exit', status: error.message }));
    child.on('exit', async (code, signal) => {
      // Its last words are still in the pipe; a process it left behind may hold that open for ever.
      await within(closed, lastWordsMs);
      worker.#fail({ kind: 'exit', status: exitStatus(code, signal) });
    });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    return worker;
  }

  get isAlive(): boolean {
    return !this.#failure;
  }

  /** The time from spawn to the first request for work, told once: it belongs to the first invocation. */
  takeInitMs(): number[] {
    if (this.#initMs === undefined || this.#initTold) return [];
    this.#initTold = true;
    return [this.#initMs];
  }

  /** Largest resident size so far, where the system tells (Linux). */
  get peakMemoryMb(): number | undefined {
    const peakMb = processMemory(this.#child.pid)?.peakMb;
    return peakMb === undefined ? undefined : Math.ceil(peakMb);
  }

  /**
   * Waits until init is over, at most `limitMs`; the outcome says what went wrong, `undefined` that nothing did.
   */
  async ready(limitMs: number): Promise<Outcome | undefined> {
    if (this.#initMs === undefined && !this.#failure) await within(this.#idle.promise, limitMs);
    if (this.#initMs === undefined && !this.#failure) this.#fail({ kind: 'timeout' });
    return this.#failure;
  }

  /** Runs one event; `finished` settles when the runtime asks for the next one, so that all its output is in. */
  invoke(invocation: Invocation, limitMs: number): { outcome: Promise<Outcome>; finished: Promise<void> } {
    const outcome = Promise.withResolvers<Outcome>();
    const finished = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#fail({ kind: 'timeout' }), limitMs);
    const watch = setInterval(() => this.#checkMemory(), memoryWatchMs);
    this.#current = {
      requestId: invocation.requestId,
      settle: (result) => {
        clearTimeout(timer);
        clearInterval(watch);
        outcome.resolve(result);
      },
      finish: finished.resolve,
    };
    if (this.#failure) this.#fail(this.#failure);
    else this.#api.give(invocation);
    return { outcome: outcome.promise, finished: finished.promise };
  }

  /** Ends an environment whose image is for another machine, with the words Lambda has for that. */
  refuse(): void {
    this.#fail({ kind: 'invalid-entrypoint' });
  }

  /** Ends the process at once. */
  async stop(): Promise<void> {
    this.#fail({ kind: 'exit', status: 'stopped' });
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode === null && signalCode === null && pid)
      await new Promise((resolve) => this.#child.once('exit', resolve));
    this.#isMuted = true;
  }

  /** Lambda ends what needs more memory than it was given. */
  #checkMemory(): void {
    const ownMb = processMemory(this.#child.pid)?.ownMb ?? 0;
    if (ownMb > this.#memoryMb) this.#fail({ kind: 'exit', status: 'signal: killed' });
  }

  #onNext(): void {
    this.#initMs ??= performance.now() - this.#startedAt;
    this.#idle.resolve();
    this.#finishing?.();
    this.#finishing = undefined;
  }

  #onResult(requestId: string, result: RuntimeResult): void {
    if (this.#current?.requestId !== requestId) return;
    const { settle, finish } = this.#current;
    this.#current = undefined;
    this.#finishing = finish;
    settle(result);
  }

  #fail(outcome: Outcome): void {
    this.#failure ??= outcome;
    this.#child.kill('SIGKILL');
    this.#api.stop();
    this.#idle.resolve();
    const current = this.#current;
    this.#current = undefined;
    this.#finishing?.();
    current?.settle(this.#failure);
    current?.finish();
  }
}

/** How a process ended, as Lambda words it; a shell in between turns signals into codes above 128. */
function exitStatus(code: number | null, signal: string | null): string {
  const number = signal ? constants.signals[signal as NodeJS.Signals] : (code ?? 0) > 128 ? code! - 128 : 0;
  const words: Record<number, string> = {
    [constants.signals.SIGKILL]: 'killed',
    [constants.signals.SIGSEGV]: 'segmentation fault',
    [constants.signals.SIGABRT]: 'aborted',
    [constants.signals.SIGTERM]: 'terminated',
  };
  return number ? `signal: ${words[number] ?? number}` : `exit status ${code}`;
}

async function within(promise: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}
