import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { startLocalAws } from '@mainline/local-aws';
import { expect, it } from 'vitest';
import { World } from '../../test/world.ts';

it('limits the logs before their first line would make a group that keeps everything', async () => {
  const aws = await startLocalAws();
  const { url: endpoint, region, credentials } = aws;
  const logs = new CloudWatchLogsClient({ endpoint, region, credentials });
  const world = new World();
  world.others = { logs };
  const kept = async () => (await logs.send(new DescribeLogGroupsCommand({}))).logGroups;
  await world.go('a', { logRetentionDays: 30 });
  expect(await kept()).toMatchObject([{ logGroupName: '/aws/lambda/spam', retentionInDays: 30 }]);
  await world.go('b', { logRetentionDays: 7 });
  expect(await kept()).toMatchObject([{ logGroupName: '/aws/lambda/spam', retentionInDays: 7 }]);
  logs.destroy();
  await aws.close();
});
