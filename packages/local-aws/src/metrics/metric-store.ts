import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import type { Alarm } from './alarm.ts';

/** One value of one metric; `at` in milliseconds since 1970. */
export interface MetricPoint {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  at: number;
  value: number;
  /** How often the value was seen. */
  count: number;
  unit?: string;
}

/** Which metric: points match whose dimensions are exactly these. */
export type MetricId = Pick<MetricPoint, 'namespace' | 'name' | 'dimensions'>;

const keptMs = 15 * 24 * 60 * 60 * 1000;

/** Metrics as one appended file, alarms as one that is replaced. */
export class MetricStore {
  readonly #folder: string;
  readonly #points = new Map<string, MetricPoint[]>();
  #alarms: Alarm[];

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'points.jsonl');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    for (const line of lines) {
      const point = JSON.parse(line) as MetricPoint;
      if (point.at > Date.now() - keptMs) this.#keep(point);
    }
    this.#alarms = (readJsonFile(join(folder, 'alarms.json')) ?? []) as Alarm[];
  }

  put(points: MetricPoint[]): void {
    if (points.length === 0) return;
    appendFileSync(
      join(this.#folder, 'points.jsonl'),
      points.map((point) => `${JSON.stringify(point)}\n`).join(''),
    );
    for (const point of points) this.#keep(point);
  }

  /** A metric's points within `[from, to)`. */
  read(metric: MetricId, from: number, to: number): MetricPoint[] {
    return (this.#points.get(keyOf(metric)) ?? []).filter(({ at }) => at >= from && at < to);
  }

  /** Every metric that has a point. */
  get metrics(): MetricId[] {
    return [...this.#points.values()].map(([first]) => ({
      namespace: first!.namespace,
      name: first!.name,
      dimensions: first!.dimensions,
    }));
  }

  get alarms(): Alarm[] {
    return this.#alarms;
  }

  saveAlarms(alarms: Alarm[]): void {
    this.#alarms = alarms;
    writeJsonFile(join(this.#folder, 'alarms.json'), alarms);
  }

  #keep(point: MetricPoint): void {
    const key = keyOf(point);
    const points = this.#points.get(key);
    if (points) points.push(point);
    else this.#points.set(key, [point]);
  }
}

function keyOf({ namespace, name, dimensions }: MetricId): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace, name, sorted]);
}
