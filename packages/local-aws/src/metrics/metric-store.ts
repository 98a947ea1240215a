import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import { appendJsonLines, readJsonLines } from '../state/json-lines.ts';
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

/** Of one metric; the older half goes when there are more. */
const keptPoints = 20_000;
const keptMs = 15 * 24 * 60 * 60 * 1000;

/** Metrics as one appended file, alarms as one that is replaced. */
export class MetricStore {
  readonly #folder: string;
  readonly #file: string;
  readonly #points = new Map<string, MetricPoint[]>();
  #alarms: Alarm[];

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, 'points.jsonl');
    for (const point of readJsonLines(this.#file) as MetricPoint[])
      if (point.at > Date.now() - keptMs) this.#keep(point);
    // Written anew without what is old or too much, so that it never grows for ever.
    rmSync(this.#file, { force: true });
    appendJsonLines(this.#file, [...this.#points.values()].flat());
    this.#alarms = (readJsonFile(join(folder, 'alarms.json')) ?? []) as Alarm[];
  }

  put(points: MetricPoint[]): void {
    if (points.length === 0) return;
    appendJsonLines(this.#file, points);
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
    if (!points) this.#points.set(key, [point]);
    else if (points.push(point) > keptPoints) points.splice(0, points.length - keptPoints / 2);
  }
}

function keyOf({ namespace, name, dimensions }: MetricId): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([namespace, name, sorted]);
}
