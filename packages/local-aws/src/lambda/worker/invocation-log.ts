import type { LogStore } from '../../logs/log-store.ts';
import type { Version } from '../function.ts';
import type { Worker } from './worker.ts';

/** One worker's log stream; remembers what the current invocation wrote. */
export class LogStream {
  readonly name: string;
  readonly #logs: LogStore;
  readonly #group: string;
  #recent = '';

  constructor(logs: LogStore, group: string, name: string) {
    this.#logs = logs;
    this.#group = group;
    this.name = name;
  }

  write(message: string): void {
    this.#logs.append(this.#group, this.name, { timestamp: Date.now(), message: `${message}\n` });
    this.#recent = `${this.#recent}${message}\n`.slice(-4096);
  }

  /** What was written since the last call, at most 4 KB. */
  take(): string {
    const recent = this.#recent;
    this.#recent = '';
    return recent;
  }
}

/** The START, END and REPORT lines Lambda puts around an invocation. */
export class InvocationLog {
  readonly #stream: LogStream;
  readonly #requestId: string;
  readonly #version: Version;
  readonly #worker: Worker;
  readonly #startedAt = performance.now();
  #tail = '';

  constructor(stream: LogStream, requestId: string, version: Version, worker: Worker) {
    this.#stream = stream;
    this.#requestId = requestId;
    this.#version = version;
    this.#worker = worker;
    stream.write(`START RequestId: ${requestId} Version: ${version.version}`);
  }

  end(): void {
    const durationMs = performance.now() - this.#startedAt;
    const memory = this.#worker.peakMemoryMb;
    this.#stream.write(`END RequestId: ${this.#requestId}`);
    this.#stream.write(
      [
        `REPORT RequestId: ${this.#requestId}`,
        `Duration: ${durationMs.toFixed(2)} ms`,
        `Billed Duration: ${Math.ceil(durationMs)} ms`,
        `Memory Size: ${this.#version.memoryMb} MB`,
        ...(memory ? [`Max Memory Used: ${memory} MB`] : []),
        ...this.#worker.takeInitMs().map((ms) => `Init Duration: ${ms.toFixed(2)} ms`),
      ].join('\t'),
    );
    this.#tail = this.#stream.take();
  }

  get tail(): string {
    return this.#tail;
  }
}
