import { AwsError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import { jsonRpc, type Operation } from '../http/json-rpc.ts';
import type { Service } from '../http/service.ts';
import { alarmOperations } from './alarm-operations.ts';
import type { MetricId, MetricPoint, MetricStore } from './metric-store.ts';
import { dimensionsOf, moment, period } from './parse.ts';
import { byPeriod, statistic } from './statistics.ts';

const toDimensions = (dimensions: Record<string, string>) =>
  Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));

function parsePoints(input: Fields): MetricPoint[] {
  const namespace = input.text('Namespace');
  return (input.optionalList('MetricData') ?? []).flatMap((datum): MetricPoint[] => {
    const unit = datum.optionalText('Unit');
    const point = {
      namespace,
      name: datum.text('MetricName'),
      dimensions: dimensionsOf(datum),
      at: moment(datum, 'Timestamp', Date.now()),
      ...(unit !== undefined && { unit }),
    };
    const value = datum.optionalNumber('Value');
    if (value !== undefined) return [{ ...point, value, count: 1 }];
    const counts = datum.optionalNumbers('Counts') ?? [];
    const values = datum.optionalNumbers('Values') ?? [];
    return values.map((one, index) => ({ ...point, value: one, count: counts[index] ?? 1 }));
  });
}

/** CloudWatch: metrics in and out, and alarms on them. */
export function createMetrics(store: MetricStore): Service {
  function series(metric: MetricId, statisticName: string, periodMs: number, from: number, to: number) {
    const periods = byPeriod(store.read(metric, from, to), periodMs);
    return [...periods].map(([at, points]) => ({
      at: at / 1000,
      value: statistic(statisticName, points),
      unit: points[0]?.unit,
    }));
  }

  const operations: Record<string, Operation> = {
    ...alarmOperations(store),
    PutMetricData(input) {
      store.put(parsePoints(input));
      return {};
    },
    ListMetrics(input) {
      const [namespace, name] = [input.optionalText('Namespace'), input.optionalText('MetricName')];
      const wanted = (input.optionalList('Dimensions') ?? []).map(
        (one) => [one.text('Name'), one.optionalText('Value')] as const,
      );
      const found = store.metrics.filter(
        (metric) =>
          (namespace === undefined || metric.namespace === namespace) &&
          (name === undefined || metric.name === name) &&
          wanted.every(([key, value]) =>
            value === undefined ? key in metric.dimensions : metric.dimensions[key] === value,
          ),
      );
      return {
        Metrics: found.map((metric) => ({
          Namespace: metric.namespace,
          MetricName: metric.name,
          Dimensions: toDimensions(metric.dimensions),
        })),
      };
    },
    GetMetricStatistics(input) {
      const metric = {
        namespace: input.text('Namespace'),
        name: input.text('MetricName'),
        dimensions: dimensionsOf(input),
      };
      const periodMs = period(input);
      const [from, to] = [moment(input, 'StartTime', 0), moment(input, 'EndTime', Date.now())];
      const names = input.optionalTexts('Statistics') ?? [];
      const extended = input.optionalTexts('ExtendedStatistics') ?? [];
      const points = new Map<number, Record<string, unknown>>();
      for (const name of [...names, ...extended])
        for (const { at, value, unit } of series(metric, name, periodMs, from, to)) {
          const point = points.get(at) ?? { Timestamp: at, Unit: unit ?? 'None' };
          if (extended.includes(name))
            point.ExtendedStatistics = { ...(point.ExtendedStatistics ?? {}), [name]: value };
          else point[name] = value;
          points.set(at, point);
        }
      return { Label: metric.name, Datapoints: [...points.values()] };
    },
    GetMetricData(input) {
      const [from, to] = [moment(input, 'StartTime', 0), moment(input, 'EndTime', Date.now())];
      const newestFirst = input.optionalText('ScanBy') !== 'TimestampAscending';
      const results = (input.optionalList('MetricDataQueries') ?? []).map((query) => {
        const stat = query.optionalFields('MetricStat');
        const metric = stat?.optionalFields('Metric');
        if (!stat || !metric)
          throw new AwsError('InvalidParameterValueException', 'Local CloudWatch has no metric math');
        const id = {
          namespace: metric.text('Namespace'),
          name: metric.text('MetricName'),
          dimensions: dimensionsOf(metric),
        };
        const points = series(id, stat.text('Stat'), period(stat), from, to);
        if (newestFirst) points.reverse();
        return {
          Id: query.text('Id'),
          Label: query.optionalText('Label') ?? id.name,
          Timestamps: points.map(({ at }) => at),
          Values: points.map(({ value }) => value),
          StatusCode: 'Complete',
        };
      });
      return { MetricDataResults: results, Messages: [] };
    },
  };
  return jsonRpc('monitoring', operations, 'InvalidParameterValueException');
}
