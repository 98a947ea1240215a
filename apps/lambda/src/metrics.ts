import { Metrics as Emf, MetricUnit } from '@aws-lambda-powertools/metrics';
import { type Classifier, drift, type Prediction, type Timing } from '@mainline/classifier';

/** What CloudWatch learns of this function: by embedded metric format, so it costs a line of log and no request. */
export interface Metrics {
  record(predictions: Prediction[], timing: Timing): void;
  recordColdStart(): void;
  /** Writes what was recorded since the last time. */
  publish(requestId: string | undefined): void;
}

type Unit = (typeof MetricUnit)[keyof typeof MetricUnit];

/** Live predictions that drift is worked out on, and after how many new ones it is again. */
const windowSize = 500;
const every = 100;

/** Metrics in the namespace Mainline, by function and model; POWERTOOLS_METRICS_DISABLED=true turns them off. */
export function makeMetrics({ manifest, reference }: Classifier, functionName: string): Metrics {
  const emf = new Emf({
    namespace: 'Mainline',
    serviceName: functionName,
    defaultDimensions: { model: manifest.name },
  });
  let recorded = false;
  let fresh = 0;
  const live: Prediction[] = [];
  const add = (name: string, unit: Unit, value: number) => {
    emf.addMetric(name, unit, value);
    recorded = true;
  };

  function recordDrift(predictions: Prediction[]): void {
    if (!reference) return;
    live.push(...predictions);
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

  return {
    record(predictions, { tokenizeMs, runMs }) {
      add('TokenizeTime', MetricUnit.Milliseconds, tokenizeMs);
      add('RunTime', MetricUnit.Milliseconds, runMs);
      add('Texts', MetricUnit.Count, predictions.length);
      add('Truncated', MetricUnit.Count, predictions.filter(({ truncated }) => truncated).length);
      for (const { label, score, tokens, unknownTokens } of predictions) {
        add(`Label:${label}`, MetricUnit.Count, 1);
        // Values, not a mean: CloudWatch makes percentiles and histograms of them.
        add('Score', MetricUnit.NoUnit, score);
        add('Tokens', MetricUnit.Count, tokens);
        add('UnknownRate', MetricUnit.NoUnit, unknownTokens / tokens);
      }
      recordDrift(predictions);
    },
    recordColdStart: () => add('ColdStart', MetricUnit.Count, 1),
    publish(requestId) {
      if (!recorded) return;
      if (requestId) emf.addMetadata('requestId', requestId);
      emf.addMetadata('version', manifest.version);
      emf.publishStoredMetrics();
      recorded = false;
    },
  };
}
