import { AwsError } from '../errors.ts';
import type { MetricPoint, MetricStore } from '../metrics/metric-store.ts';
import type { LambdaFunction, Version } from './function.ts';
import type { InvokeRequest, Workers } from './workers.ts';

/** Workers whose invocations, errors, throttles and durations are told to CloudWatch, as Lambda does by itself. */
export function measured(workers: Workers, metrics: MetricStore): Workers {
  return {
    async invoke(fn, version, request) {
      const tell = (values: Record<string, number>) => metrics.put(points(fn, version, request, values));
      const startedAt = performance.now();
      try {
        const result = await workers.invoke(fn, version, request);
        const Duration = performance.now() - startedAt;
        tell({ Invocations: 1, Errors: result.isError ? 1 : 0, Throttles: 0, Duration });
        return result;
      } catch (error) {
        if (error instanceof AwsError && error.code === 'TooManyRequestsException') tell({ Throttles: 1 });
        throw error;
      }
    },
    retire: (name, isUnwanted) => workers.retire(name, isUnwanted),
    close: () => workers.close(),
  };
}

/** Each value for the function, for the alias or version it was called by, and for the version that ran. */
function points(
  { name }: LambdaFunction,
  { version }: Version,
  { qualifier }: InvokeRequest,
  values: Record<string, number>,
): MetricPoint[] {
  const Resource = qualifier === undefined ? name : `${name}:${qualifier}`;
  const dimensionSets: Record<string, string>[] = [
    { FunctionName: name },
    { FunctionName: name, Resource },
    { FunctionName: name, Resource, ExecutedVersion: version },
  ];
  return dimensionSets.flatMap((dimensions) =>
    Object.entries(values).map(([metric, value]) => ({
      namespace: 'AWS/Lambda',
      name: metric,
      dimensions,
      at: Date.now(),
      value,
      count: 1,
      unit: metric === 'Duration' ? 'Milliseconds' : 'Count',
    })),
  );
}
