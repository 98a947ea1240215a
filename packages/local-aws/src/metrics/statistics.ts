import { AwsError } from '../errors.ts';
import type { MetricPoint } from './metric-store.ts';

/** One statistic over some points: Sum, Average, Minimum, Maximum, SampleCount or a percentile such as p95. */
export function statistic(name: string, points: MetricPoint[]): number {
  const count = points.reduce((sum, point) => sum + point.count, 0);
  const sum = points.reduce((total, point) => total + point.value * point.count, 0);
  const values = points.map((point) => point.value).sort((a, b) => a - b);
  if (name === 'Sum') return sum;
  if (name === 'SampleCount') return count;
  if (name === 'Average') return sum / count;
  if (name === 'Minimum') return values[0] ?? Number.NaN;
  if (name === 'Maximum') return values.at(-1) ?? Number.NaN;
  const percentile = Number(name.match(/^p(\d{1,2}(?:\.\d+)?|100)$/)?.[1] ?? Number.NaN);
  if (Number.isNaN(percentile))
    throw new AwsError('InvalidParameterValueException', `Local CloudWatch has no statistic ${name}`);
  return values[Math.max(0, Math.ceil((percentile / 100) * values.length) - 1)] ?? Number.NaN;
}

/** Points by period: periods begin at whole multiples of their length, empty ones are left out. */
export function byPeriod(points: MetricPoint[], periodMs: number): Map<number, MetricPoint[]> {
  const periods = Map.groupBy(points, ({ at }) => Math.floor(at / periodMs) * periodMs);
  return new Map([...periods].sort(([a], [b]) => a - b));
}
