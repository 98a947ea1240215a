import type { MetricId, MetricStore } from './metric-store.ts';
import { byPeriod, statistic } from './statistics.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** A metric alarm as it is kept on disk. */
export interface Alarm {
  name: string;
  description: string;
  metric: MetricId;
  statistic: string;
  periodMs: number;
  evaluationPeriods: number;
  datapointsToAlarm: number;
  threshold: number;
  comparison: Comparison;
  missingData: 'missing' | 'notBreaching' | 'breaching' | 'ignore';
  /** Set by hand; holds until data says otherwise. */
  forced?: { state: AlarmState; reason: string; at: number };
}

export type Comparison =
  | 'GreaterThanThreshold'
  | 'GreaterThanOrEqualToThreshold'
  | 'LessThanThreshold'
  | 'LessThanOrEqualToThreshold';

const breaches: Record<Comparison, (value: number, threshold: number) => boolean> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/** An alarm's state at `now`, from the last periods including the one that is running. */
export function evaluate(
  alarm: Alarm,
  store: MetricStore,
  now: number,
): { state: AlarmState; reason: string } {
  const { periodMs, evaluationPeriods, missingData, threshold, comparison } = alarm;
  const last = Math.floor(now / periodMs) * periodMs;
  const first = last - (evaluationPeriods - 1) * periodMs;
  const points = store.read(alarm.metric, Math.max(first, alarm.forced?.at ?? 0), last + periodMs);
  if (alarm.forced && points.length === 0) return alarm.forced;
  const periods = byPeriod(points, periodMs);
  const values = [...periods.values()].map((period) => statistic(alarm.statistic, period));
  const missing = evaluationPeriods - periods.size;
  const breaching =
    values.filter((value) => breaches[comparison](value, threshold)).length +
    (missingData === 'breaching' ? missing : 0);
  const detail = `${values.length} datapoints [${values.join(', ')}] against ${comparison} ${threshold}`;
  if (breaching >= alarm.datapointsToAlarm) return { state: 'ALARM', reason: `Threshold Crossed: ${detail}` };
  if (values.length === 0 && missingData !== 'notBreaching')
    return { state: 'INSUFFICIENT_DATA', reason: 'Insufficient Data: no datapoints were received' };
  return { state: 'OK', reason: `Threshold not crossed: ${detail}` };
}
