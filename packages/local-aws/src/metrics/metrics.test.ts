import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refusal } from '../../test/model-lambda.ts';
import { clientConfig } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';
import { type Alarm, evaluate } from './alarm.ts';
import { embeddedMetrics } from './embedded-metrics.ts';
import { MetricStore } from './metric-store.ts';
import { statistic } from './statistics.ts';

const minute = 60_000;
const Namespace = 'Test';
const MetricName = 'Latency';
const Dimensions = [{ Name: 'Model', Value: 'spam' }];
const metric = { namespace: Namespace, name: MetricName, dimensions: { Model: 'spam' } };
const start = Math.floor(Date.now() / minute) * minute;
const point = (value: number, at = start, count = 1) => ({ ...metric, value, at, count });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-aws-metrics-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the official client', () => {
  let aws: LocalAws;
  let cloudwatch: CloudWatchClient;
  beforeEach(async () => {
    aws = await startLocalAws();
    cloudwatch = new CloudWatchClient(clientConfig(aws));
  });
  afterEach(async () => {
    cloudwatch.destroy();
    await aws.close();
  });

  it('puts values and reads statistics of them', async () => {
    const MetricData = [1, 2, 3, 4].map((Value) => ({
      MetricName,
      Dimensions,
      Value,
      Timestamp: new Date(start),
      Unit: 'Milliseconds' as const,
    }));
    await cloudwatch.send(new PutMetricDataCommand({ Namespace, MetricData }));
    const span = { StartTime: new Date(start), EndTime: new Date(start + minute) };
    const { Datapoints } = await cloudwatch.send(
      new GetMetricStatisticsCommand({
        Namespace,
        MetricName,
        Dimensions,
        ...span,
        Period: 60,
        Statistics: ['Sum', 'Average', 'Maximum'],
        ExtendedStatistics: ['p50'],
      }),
    );
    expect(Datapoints).toEqual([
      {
        Timestamp: new Date(start),
        Sum: 10,
        Average: 2.5,
        Maximum: 4,
        ExtendedStatistics: { p50: 2 },
        Unit: 'Milliseconds',
      },
    ]);
    const MetricStat = { Metric: { Namespace, MetricName, Dimensions }, Period: 60, Stat: 'SampleCount' };
    const { MetricDataResults } = await cloudwatch.send(
      new GetMetricDataCommand({ ...span, MetricDataQueries: [{ Id: 'a', MetricStat }] }),
    );
    expect(MetricDataResults![0]!.Values).toEqual([4]);
    const { Metrics } = await cloudwatch.send(new ListMetricsCommand({ Namespace }));
    expect(Metrics).toEqual([{ Namespace, MetricName, Dimensions }]);
  });

  it('makes an alarm, sees it raised, and deletes it', async () => {
    const AlarmName = 'slow';
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace,
        MetricName,
        Dimensions,
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 100,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      }),
    );
    const state = async () => {
      const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [AlarmName] }));
      return MetricAlarms![0]?.StateValue;
    };
    expect(await state()).toBe('OK');
    const set = (StateValue: 'ALARM' | 'OK') =>
      cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'a test' }));
    await set('ALARM');
    expect(await state()).toBe('ALARM');
    await set('OK');
    const MetricData = [{ MetricName, Dimensions, Value: 101 }];
    await cloudwatch.send(new PutMetricDataCommand({ Namespace, MetricData }));
    expect(await state()).toBe('ALARM');
    await cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [AlarmName] }));
    expect(await state()).toBeUndefined();
    const missing = new SetAlarmStateCommand({ AlarmName, StateValue: 'OK', StateReason: 'x' });
    expect((await refusal(cloudwatch.send(missing)))[1]).toBe(404);
  });
});

it('an alarm needs its share of bad periods, and treats missing ones as told', () => {
  const store = new MetricStore(folder);
  const alarm: Alarm = {
    name: 'a',
    description: '',
    metric,
    statistic: 'Average',
    periodMs: minute,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
    threshold: 10,
    comparison: 'GreaterThanOrEqualToThreshold',
    missingData: 'missing',
  };
  const state = (at = start) => evaluate(alarm, store, at).state;
  expect(state()).toBe('INSUFFICIENT_DATA');
  store.put([point(10)]);
  expect(state()).toBe('OK');
  store.put([point(30, start - 2 * minute)]);
  expect(state()).toBe('ALARM');
  expect(state(start + minute)).toBe('OK');
  expect(state(start + 10 * minute)).toBe('INSUFFICIENT_DATA');
  expect(evaluate({ ...alarm, missingData: 'breaching' }, store, start + 10 * minute).state).toBe('ALARM');
});

it('statistics weigh values by how often they were seen', () => {
  const points = [point(1, start, 3), point(5)];
  expect(['Sum', 'Average', 'SampleCount', 'Minimum'].map((name) => statistic(name, points))).toEqual([
    8, 2, 4, 1,
  ]);
  expect(() => statistic('Median', points)).toThrow('no statistic Median');
});

it('points outlive a restart', () => {
  new MetricStore(folder).put([point(7)]);
  expect(new MetricStore(folder).read(metric, 0, Number.POSITIVE_INFINITY)).toEqual([point(7)]);
});

it('embedded metrics are read out of a log line, and other lines hold none', () => {
  const line = {
    _aws: {
      Timestamp: start,
      CloudWatchMetrics: [
        { Namespace, Dimensions: [['Model']], Metrics: [{ Name: 'Latency', Unit: 'Milliseconds' }] },
      ],
    },
    Model: 'spam',
    Latency: [1, 2],
  };
  expect(embeddedMetrics(JSON.stringify(line), 0)).toEqual(
    [1, 2].map((value) => ({ ...point(value), unit: 'Milliseconds' })),
  );
  for (const other of ['', 'plain', '{"CloudWatchMetrics"', '{"_aws":{"CloudWatchMetrics":7}}', 'null'])
    expect(embeddedMetrics(other, 0)).toEqual([]);
});
