import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of a log, in CloudWatch's shape; `timestamp` in milliseconds since 1970. */
export interface LogEvent {
  timestamp: number;
  message: string;
}

/** Log groups and streams as folders and files: one JSON event per line, appended. */
export class LogStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  append(group: string, stream: string, event: LogEvent): void {
    this.createGroup(group);
    appendFileSync(this.#file(group, stream), `${JSON.stringify(event)}\n`);
  }

  createGroup(group: string): void {
    mkdirSync(join(this.#folder, encodeURIComponent(group)), { recursive: true });
  }

  get groups(): string[] {
    return readdirSync(this.#folder).map(decodeURIComponent).sort();
  }

  /** Stream names of a group, oldest first (their names begin with the date). */
  streams(group: string): string[] {
    const folder = join(this.#folder, encodeURIComponent(group));
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => decodeURIComponent(name.slice(0, -'.jsonl'.length)))
      .sort();
  }

  /** A stream's events in order; a last line that a killed process left half is not there. */
  events(group: string, stream: string): LogEvent[] {
    const file = this.#file(group, stream);
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogEvent);
  }

  #file(group: string, stream: string): string {
    return join(this.#folder, encodeURIComponent(group), `${encodeURIComponent(stream)}.jsonl`);
  }
}
