import { AwsError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import type { Operation } from '../http/json-rpc.ts';
import { account, region } from '../identity.ts';
import { type Alarm, type AlarmState, type Comparison, evaluate } from './alarm.ts';
import type { MetricStore } from './metric-store.ts';
import { dimensionsOf, period } from './parse.ts';

const invalid = (message: string) => new AwsError('ValidationError', message);
const comparisons: Comparison[] = [
  'GreaterThanThreshold',
  'GreaterThanOrEqualToThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
];
const states: AlarmState[] = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];
const missingDatas: Alarm['missingData'][] = ['missing', 'notBreaching', 'breaching', 'ignore'];

function oneOf<T extends string>(input: Fields, name: string, allowed: T[], fallback?: T): T {
  const text = input.optionalText(name) ?? fallback;
  const found = allowed.find((one) => one === text);
  if (!found) throw invalid(`${name} must be one of ${allowed.join(', ')}`);
  return found;
}

function parse(input: Fields): Alarm {
  const evaluationPeriods = input.optionalNumber('EvaluationPeriods') ?? 1;
  return {
    name: input.text('AlarmName'),
    description: input.optionalText('AlarmDescription') ?? '',
    metric: {
      namespace: input.text('Namespace'),
      name: input.text('MetricName'),
      dimensions: dimensionsOf(input),
    },
    statistic: input.optionalText('Statistic') ?? input.optionalText('ExtendedStatistic') ?? 'Average',
    periodMs: period(input),
    evaluationPeriods,
    datapointsToAlarm: input.optionalNumber('DatapointsToAlarm') ?? evaluationPeriods,
    threshold: input.optionalNumber('Threshold') ?? 0,
    comparison: oneOf(input, 'ComparisonOperator', comparisons),
    missingData: oneOf(input, 'TreatMissingData', missingDatas, 'missing'),
  };
}

/** CloudWatch's operations on metric alarms; a state is worked out when somebody asks for it. */
export function alarmOperations(store: MetricStore): Record<string, Operation> {
  return {
    PutMetricAlarm(input) {
      const alarm = parse(input);
      store.saveAlarms([...store.alarms.filter(({ name }) => name !== alarm.name), alarm]);
      return {};
    },
    DescribeAlarms(input) {
      const names = input.optionalTexts('AlarmNames');
      const prefix = input.optionalText('AlarmNamePrefix') ?? '';
      const wantedState = input.optionalText('StateValue');
      const alarms = store.alarms
        .filter(({ name }) => (names?.includes(name) ?? true) && name.startsWith(prefix))
        .map((alarm) => describe(alarm, store))
        .filter(({ StateValue }) => wantedState === undefined || StateValue === wantedState);
      return { MetricAlarms: alarms, CompositeAlarms: [] };
    },
    SetAlarmState(input) {
      const name = input.text('AlarmName');
      const alarm = store.alarms.find((one) => one.name === name);
      if (!alarm) throw new AwsError('ResourceNotFound', `There is no alarm ${name}`, 404);
      const forced = {
        state: oneOf(input, 'StateValue', states),
        reason: input.text('StateReason'),
        at: Date.now(),
      };
      store.saveAlarms(store.alarms.map((one) => (one === alarm ? { ...alarm, forced } : one)));
      return {};
    },
    DeleteAlarms(input) {
      const names = input.optionalTexts('AlarmNames') ?? [];
      store.saveAlarms(store.alarms.filter(({ name }) => !names.includes(name)));
      return {};
    },
  };
}

function describe(alarm: Alarm, store: MetricStore) {
  const { state, reason } = evaluate(alarm, store, Date.now());
  const percentile = alarm.statistic.startsWith('p');
  return {
    AlarmName: alarm.name,
    AlarmArn: `arn:aws:cloudwatch:${region}:${account}:alarm:${alarm.name}`,
    AlarmDescription: alarm.description,
    ActionsEnabled: false,
    StateValue: state,
    StateReason: reason,
    MetricName: alarm.metric.name,
    Namespace: alarm.metric.namespace,
    ...(percentile ? { ExtendedStatistic: alarm.statistic } : { Statistic: alarm.statistic }),
    Dimensions: Object.entries(alarm.metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
    Period: alarm.periodMs / 1000,
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    Threshold: alarm.threshold,
    ComparisonOperator: alarm.comparison,
    TreatMissingData: alarm.missingData,
  };
}
