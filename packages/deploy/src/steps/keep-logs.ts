import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Patience } from '../aws/patience.ts';
import { AwsRefusal, RequestError } from '../errors.ts';

/** Makes the function's log group, before its first line would make one that keeps everything forever, and limits it. */
export async function keepLogs(
  patience: Patience,
  logs: CloudWatchLogsClient | undefined,
  functionName: string,
  days: number,
): Promise<void> {
  if (!logs) throw new RequestError('A log retention was asked for, but no CloudWatch Logs client was given');
  const logGroupName = `/aws/lambda/${functionName}`;
  try {
    await patience.call('CreateLogGroup', (options) =>
      logs.send(new CreateLogGroupCommand({ logGroupName }), options),
    );
  } catch (error) {
    if (!(error instanceof AwsRefusal && error.code === 'ResourceAlreadyExistsException')) throw error;
  }
  await patience.call('PutRetentionPolicy', (options) =>
    logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: days }), options),
  );
}
