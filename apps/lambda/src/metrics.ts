import { Metrics as Emf, MetricUnit } from '@aws-lambda-powertools/metrics';
import { type Classifier, drift, type Prediction, type Timing } from '@mainline/classifier';

/** What CloudWatch learns of this function: by embedded metric format, so it costs a line of log and no request. */
export interface Metrics {
  record(predictions: Prediction[], timing: Timing): void;
  /** Writes what was recorded since the last time. */
  publish(requestId: string | undefined, coldStart: boolean): void;
}

interface Sample {
  predictions: Prediction[];
  timing: Timing;
}

type Unit = (typeof MetricUnit)[keyof typeof MetricUnit];

/** Live predictions that drift is worked out on, and after how many new ones it is again. */
const windowSize = 500;
const every = 100;

const mostPending = 64;

/** Of a metric, by CloudWatch. */
const longestName = 255;

/** Metrics in the namespace Mainline, by function and model; POWERTOOLS_METRICS_DISABLED=true turns them off. */
export function makeMetrics({ manifest, reference }: Classifier, functionName: string): Metrics {
  let emf: Emf | undefined;
  let fresh = 0;
  const pending: Sample[] = [];
  const live: Prediction[] = [];
  const add = (name: string, unit: Unit, value: number) => {
    emf ??= new Emf({
      namespace: 'Mainline',
      serviceName: functionName,
      defaultDimensions: { model: manifest.name },
    });
    emf.addMetric(name, unit, value);
  };

  function recordDrift(predictions: Prediction[]): void {
    if (!reference) return;
    live.push(...predictions.slice(-windowSize));
    live.splice(0, live.length - windowSize);
    fresh += predictions.length;
    if (fresh < every) return;
    fresh = 0;
    const moved = drift(reference, live);
    add('DriftTokens', MetricUnit.NoUnit, moved.tokens);
    add('DriftUnknownRate', MetricUnit.NoUnit, moved.unknownRate);
    add('DriftScore', MetricUnit.NoUnit, moved.score);
    add('DriftLabel', MetricUnit.NoUnit, moved.label);
  }

  function write({ predictions, timing: { tokenizeMs, runMs } }: Sample): void {
    add('TokenizeTime', MetricUnit.Milliseconds, tokenizeMs);
    add('RunTime', MetricUnit.Milliseconds, runMs);
    add('Texts', MetricUnit.Count, predictions.length);
    add('Truncated', MetricUnit.Count, predictions.filter(({ truncated }) => truncated).length);
    for (const { label, score, tokens, unknownTokens } of predictions) {
      add(`Label:${label}`.slice(0, longestName), MetricUnit.Count, 1);
      // Values, not a mean: CloudWatch makes percentiles and histograms of them.
      add('Score', MetricUnit.NoUnit, score);
      add('Tokens', MetricUnit.Count, tokens);
      add('UnknownRate', MetricUnit.NoUnit, unknownTokens / tokens);
    }
    recordDrift(predictions);
  }

  return {
    record(predictions, timing) {
      if (!predictions.length) return;
      pending.push({ predictions, timing });
      // An object of a million rows is one invocation: what it recorded can't wait for its end.
      if (pending.length >= mostPending) for (const sample of pending.splice(0)) write(sample);
    },
    publish(requestId, coldStart) {
      for (const sample of pending.splice(0)) write(sample);
      if (coldStart) add('ColdStart', MetricUnit.Count, 1);
      if (!emf?.hasStoredMetrics()) return;
      if (requestId) emf.addMetadata('requestId', requestId);
      emf.addMetadata('version', manifest.version);
      emf.publishStoredMetrics();
    },
  };
}
