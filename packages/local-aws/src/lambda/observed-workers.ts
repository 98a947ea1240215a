import { AwsError } from '../errors.ts';
import type { MetricPoint } from '../metrics/metric-store.ts';
import type { Workers } from './workers.ts';

/** What is known of an invocation once it is over, or was turned away. */
export interface InvocationRecord {
  functionName: string;
  qualifier?: string;
  version: string;
  at: number;
  durationMs: number;
  result: 'ok' | 'error' | 'throttled';
}

/** Workers that tell of every invocation. */
export function observed(workers: Workers, tell: (record: InvocationRecord) => void): Workers {
  return {
    async invoke(fn, version, request) {
      const at = Date.now();
      const startedAt = performance.now();
      const record = (result: InvocationRecord['result']): InvocationRecord => ({
        functionName: fn.name,
        ...(request.qualifier !== undefined && { qualifier: request.qualifier }),
        version: version.version,
        at,
        durationMs: performance.now() - startedAt,
        result,
      });
      try {
        const result = await workers.invoke(fn, version, request);
        tell(record(result.isError ? 'error' : 'ok'));
        return result;
      } catch (error) {
        if (error instanceof AwsError && error.code === 'TooManyRequestsException') tell(record('throttled'));
        throw error;
      }
    },
    retire: (name, isUnwanted) => workers.retire(name, isUnwanted),
    close: () => workers.close(),
  };
}

/** What Lambda itself tells CloudWatch: for the function, for the alias or version called, and for the version that ran. */
export function invocationMetrics(record: InvocationRecord): MetricPoint[] {
  const { functionName: FunctionName, qualifier, version: ExecutedVersion, at, result } = record;
  const Resource = qualifier === undefined ? FunctionName : `${FunctionName}:${qualifier}`;
  const values: Record<string, number> =
    result === 'throttled'
      ? { Throttles: 1 }
      : { Invocations: 1, Errors: result === 'error' ? 1 : 0, Throttles: 0, Duration: record.durationMs };
  const dimensionSets: Record<string, string>[] = [
    { FunctionName },
    { FunctionName, Resource },
    { FunctionName, Resource, ExecutedVersion },
  ];
  return dimensionSets.flatMap((dimensions) =>
    Object.entries(values).map(([name, value]) => ({
      namespace: 'AWS/Lambda',
      name,
      dimensions,
      at,
      value,
      count: 1,
      unit: name === 'Duration' ? 'Milliseconds' : 'Count',
    })),
  );
}
