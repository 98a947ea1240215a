import type { MetricPoint } from './metric-store.ts';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/**
 * The metrics in a log line of CloudWatch's embedded metric format
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html);
 * none for any other line.
 */
export function embeddedMetrics(message: string, now: number): MetricPoint[] {
  if (!message.includes('"CloudWatchMetrics"')) return [];
  let line: unknown;
  try {
    line = JSON.parse(message.slice(message.indexOf('{')));
  } catch {
    return [];
  }
  if (!isObject(line) || !isObject(line._aws)) return [];
  const at = typeof line._aws.Timestamp === 'number' ? line._aws.Timestamp : now;
  return list(line._aws.CloudWatchMetrics).flatMap((directive) => {
    if (!isObject(directive) || typeof directive.Namespace !== 'string') return [];
    const { Namespace: namespace } = directive;
    const sets = list(directive.Dimensions).length > 0 ? list(directive.Dimensions) : [[]];
    return sets.flatMap((set) => {
      const dimensions = Object.fromEntries(list(set).map((key) => [String(key), String(line[String(key)])]));
      return list(directive.Metrics).flatMap((metric): MetricPoint[] => {
        if (!isObject(metric) || typeof metric.Name !== 'string') return [];
        const values = [line[metric.Name]].flat().filter((value) => typeof value === 'number');
        const unit = typeof metric.Unit === 'string' ? { unit: metric.Unit } : {};
        const { Name: name } = metric;
        return values.map((value) => ({ namespace, name, dimensions, at, value, count: 1, ...unit }));
      });
    });
  });
}
