import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findProgram } from '../../test/find-program.ts';
import { refusal } from '../../test/model-lambda.ts';
import { clientConfig } from '../../test/push-handler.ts';
import { type LocalAws, startLocalAws } from '../start-local-aws.ts';

let aws: LocalAws;
let logs: CloudWatchLogsClient;
let data: string;
const group = { logGroupName: '/aws/lambda/spam' };
const now = Date.now();

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'local-aws-logs-'));
  aws = await startLocalAws({ data });
  logs = new CloudWatchLogsClient(clientConfig(aws));
  await logs.send(new CreateLogGroupCommand(group));
  for (const logStreamName of ['one', 'two']) {
    await logs.send(new CreateLogStreamCommand({ ...group, logStreamName }));
    const logEvents = [0, 1, 2].map((index) => ({
      timestamp: now + index,
      message: `${logStreamName} ${index}`,
    }));
    await logs.send(new PutLogEventsCommand({ ...group, logStreamName, logEvents }));
  }
});
afterAll(async () => {
  logs.destroy();
  await aws.close();
  rmSync(data, { recursive: true });
});

it('keeps a group’s retention, and forgets what is older', async () => {
  await logs.send(new PutRetentionPolicyCommand({ ...group, retentionInDays: 14 }));
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws/lambda/' }));
  expect(logGroups).toMatchObject([{ ...group, retentionInDays: 14 }]);
  const old = [{ timestamp: now - 15 * 86_400_000, message: 'long ago' }];
  await logs.send(new CreateLogStreamCommand({ ...group, logStreamName: 'old' }));
  await logs.send(new PutLogEventsCommand({ ...group, logStreamName: 'old', logEvents: old }));
  const { events } = await logs.send(new GetLogEventsCommand({ ...group, logStreamName: 'old' }));
  expect(events).toEqual([]);
  const odd = new PutRetentionPolicyCommand({ ...group, retentionInDays: 2 });
  expect((await refusal(logs.send(odd)))[0]).toBe('InvalidParameterException');
});

it('reads a stream page by page, to where it ends and further', async () => {
  const read = (nextToken?: string) =>
    logs.send(
      new GetLogEventsCommand({ ...group, logStreamName: 'one', limit: 2, ...(nextToken && { nextToken }) }),
    );
  const first = await read();
  const second = await read(first.nextForwardToken);
  expect([...first.events!, ...second.events!].map(({ message }) => message)).toEqual([
    'one 0',
    'one 1',
    'one 2',
  ]);
  const third = await read(second.nextForwardToken);
  expect([third.events, third.nextForwardToken]).toEqual([[], second.nextForwardToken]);
});

it('filters over streams by terms and time', async () => {
  const found = async (filterPattern: string, extra = {}) => {
    const { events } = await logs.send(new FilterLogEventsCommand({ ...group, filterPattern, ...extra }));
    return events!.map(({ message }) => message);
  };
  expect(await found('two')).toEqual(['two 0', 'two 1', 'two 2']);
  expect(await found('"one 1"')).toEqual(['one 1']);
  expect(await found('?0 ?1 -two')).toEqual(['one 0', 'one 1']);
  expect(await found('', { startTime: now + 2 })).toEqual(['one 2', 'two 2']);
});

it('names what is missing and what is there already', async () => {
  expect((await refusal(logs.send(new CreateLogGroupCommand(group))))[0]).toBe(
    'ResourceAlreadyExistsException',
  );
  const missing = new DescribeLogStreamsCommand({ logGroupName: 'none' });
  expect((await refusal(logs.send(missing)))[0]).toBe('ResourceNotFoundException');
  await logs.send(new CreateLogGroupCommand({ logGroupName: 'short-lived' }));
  await logs.send(new DeleteLogGroupCommand({ logGroupName: 'short-lived' }));
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
  expect(logGroups!.map(({ logGroupName }) => logGroupName)).toEqual([group.logGroupName]);
});

const cli = findProgram('aws');
it.skipIf(!cli)('the aws CLI reads them, and alarms too (skipped without the aws CLI)', async () => {
  const run = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(cli!, args, { env: { ...process.env, ...aws.env } });
    return JSON.parse(stdout);
  };
  const { events } = await run('logs', 'filter-log-events', '--log-group-name', group.logGroupName);
  expect(events).toHaveLength(6);
  expect((await run('cloudwatch', 'describe-alarms')).MetricAlarms).toEqual([]);
});
