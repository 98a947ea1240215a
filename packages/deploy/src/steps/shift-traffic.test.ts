import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
  type StateValue,
} from '@aws-sdk/client-cloudwatch';
import { type LocalAws, startLocalAws } from '@mainline/local-aws';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { classifier, digest, faults, World } from '../../test/world.ts';

let aws: LocalAws;
let cloudwatch: CloudWatchClient;
let world: World;

beforeAll(async () => {
  aws = await startLocalAws();
  cloudwatch = new CloudWatchClient({ endpoint: aws.url, region: aws.region, credentials: aws.credentials });
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName: 'errors',
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'ignore',
    }),
  );
});
beforeEach(async () => {
  world = new World();
  world.others = { cloudwatch };
  await alarm('OK');
  await world.go('a');
});
afterAll(async () => {
  cloudwatch.destroy();
  await aws.close();
});

const alarm = (StateValue: StateValue) =>
  cloudwatch.send(
    new SetAlarmStateCommand({ AlarmName: 'errors', StateValue, StateReason: 'the test says so' }),
  );
const shift = { weights: [0.1, 0.5], bakeMs: 0, alarms: ['errors'] };

it('gives the new version growing shares, and all in the end', async () => {
  const seen: unknown[] = [];
  world.before = () => seen.push(JSON.stringify([world.live()?.version, world.live()?.weights]));
  expect(await world.go('b', { shift })).toMatchObject({ changed: true, version: '2', previousVersion: '1' });
  expect([...new Set(seen)].map((line) => JSON.parse(String(line)))).toEqual([
    ['1', {}],
    ['1', { 2: 0.1 }],
    ['1', { 2: 0.5 }],
    ['2', {}],
  ]);
});

it('goes back when an alarm is raised on the way', async () => {
  const before = world.live();
  let raised: Promise<unknown> | undefined;
  const going = world.go('b', { shift: { ...shift, bakeMs: 20, watchEveryMs: 5 } }, () => {});
  world.after = (operation) => {
    if (operation === 'UpdateAlias') raised ??= alarm('ALARM');
  };
  await expect(going).rejects.toMatchObject({
    name: 'AlarmRaised',
    message: 'The alarm errors is raised: the test says so',
  });
  await raised;
  expect(world.live()).toMatchObject({ version: '1', weights: {}, description: before?.description });
});

it('goes back when a golden request fails on the way', async () => {
  world.after = (operation) => {
    if (operation === 'UpdateAlias') world.images.set(digest('b'), classifier('m2'));
  };
  await expect(world.go('b', { shift })).rejects.toThrow('model m2 answered, not m1');
  expect(world.live()).toMatchObject({ version: '1', weights: {} });
});

it('starts nothing while an alarm is raised, or is not there', async () => {
  world.calls.length = 0;
  await expect(world.go('b', { shift: { ...shift, alarms: ['none'] } })).rejects.toThrow(
    'There is no alarm "none"',
  );
  await alarm('ALARM');
  await expect(world.go('b', { shift })).rejects.toMatchObject({ name: 'AlarmRaised' });
  expect(world.calls).not.toContain('UpdateFunctionCode');
});

it('goes back when the job is cancelled on the way', async () => {
  const controller = new AbortController();
  world.after = (operation) => {
    if (operation === 'UpdateAlias') controller.abort(new Error('The job was cancelled (SIGINT).'));
  };
  const long = { ...shift, bakeMs: 60_000 };
  await expect(world.go('b', { shift: long, signal: controller.signal })).rejects.toThrow(
    'cancelled (SIGINT)',
  );
  expect(world.live()).toMatchObject({ version: '1', weights: {} });
});

it('picks up after a deploy that was killed on the way', async () => {
  await world.go('b');
  world.meddle(({ aliases }) => ({
    aliases: aliases.map((live) => ({ ...live, version: '1', weights: { 2: 0.1 } })),
  }));
  expect((await world.go('a')).changes).toEqual([
    'end the unfinished shift to version 2',
    'move live on from version 1',
  ]);
  expect(world.live()).toMatchObject({ weights: {} });
});

it('says so when the alias could not be put back', async () => {
  world.after = (operation) => {
    if (operation !== 'UpdateAlias') return;
    world.images.set(digest('b'), classifier('m2'));
    world.fault = (name) => (name === 'UpdateAlias' ? faults.error : undefined);
  };
  await expect(world.go('b', { shift })).rejects.toMatchObject({
    name: 'NotRestored',
    message: expect.stringContaining(
      'The alias live of spam could not be put back to version 1: AWS refused',
    ),
    cause: expect.objectContaining({ name: 'GoldenFailed' }),
  });
});

it('refuses shares that are none', async () => {
  await expect(world.go('b', { shift: { ...shift, weights: [1] } })).rejects.toThrow("1 can't be a share");
});
