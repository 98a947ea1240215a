import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import { appendJsonLines, readJsonLines } from '../state/json-lines.ts';

/** One line of a log, in CloudWatch's shape; `timestamp` in milliseconds since 1970. */
export interface LogEvent {
  timestamp: number;
  message: string;
}

export interface LogGroup {
  name: string;
  createdAt: number;
  retentionDays?: number;
}

const dayMs = 24 * 60 * 60 * 1000;

/** Log groups as folders, streams as files: one JSON event per line, appended. */
export class LogStore {
  readonly #folder: string;
  readonly #groups = new Map<string, LogGroup>();
  readonly #listeners = new Set<(group: string, event: LogEvent) => void>();

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      // Only `saveGroup` writes it, so the shape is its own.
      const group = readJsonFile(join(folder, name, 'group.json')) as LogGroup | undefined;
      if (group) this.#groups.set(group.name, group);
    }
  }

  /** Every group, by name. */
  get groups(): LogGroup[] {
    return [...this.#groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  group(name: string): LogGroup | undefined {
    return this.#groups.get(name);
  }

  saveGroup(group: LogGroup): void {
    const folder = join(this.#folder, encodeURIComponent(group.name));
    mkdirSync(folder, { recursive: true });
    writeJsonFile(join(folder, 'group.json'), group);
    this.#groups.set(group.name, group);
  }

  deleteGroup(name: string): void {
    rmSync(join(this.#folder, encodeURIComponent(name)), { recursive: true, force: true });
    this.#groups.delete(name);
  }

  /** Told of every event as it is written. */
  onEvent(listener: (group: string, event: LogEvent) => void): void {
    this.#listeners.add(listener);
  }

  append(group: string, stream: string, event: LogEvent): void {
    if (!this.#groups.has(group)) this.saveGroup({ name: group, createdAt: Date.now() });
    appendJsonLines(this.#file(group, stream), [event]);
    for (const listener of this.#listeners) listener(group, event);
  }

  /** Makes an empty stream; one that is there stays as it is. */
  createStream(group: string, stream: string): void {
    appendJsonLines(this.#file(group, stream), []);
  }

  hasStream(group: string, stream: string): boolean {
    return existsSync(this.#file(group, stream));
  }

  /** Stream names of a group, the one written last at the end. */
  streams(group: string): string[] {
    const folder = join(this.#folder, encodeURIComponent(group));
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => ({ name, writtenAt: statSync(join(folder, name)).mtimeMs }))
      .sort((a, b) => a.writtenAt - b.writtenAt)
      .map(({ name }) => decodeURIComponent(name.slice(0, -'.jsonl'.length)));
  }

  /** A stream's events in order, those past the group's retention left out. */
  events(group: string, stream: string): LogEvent[] {
    const days = this.#groups.get(group)?.retentionDays ?? Number.POSITIVE_INFINITY;
    const events = readJsonLines(this.#file(group, stream)) as LogEvent[];
    return events.filter(({ timestamp }) => timestamp > Date.now() - days * dayMs);
  }

  #file(group: string, stream: string): string {
    return join(this.#folder, encodeURIComponent(group), `${encodeURIComponent(stream)}.jsonl`);
  }
}
