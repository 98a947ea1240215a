import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { LambdaClient } from '@aws-sdk/client-lambda';

/** The official clients that deploying talks to AWS with; only Lambda's is always needed. */
export interface Clients {
  lambda: LambdaClient;
  /** For alarms. */
  cloudwatch?: CloudWatchClient;
  /** For how long logs are kept. */
  logs?: CloudWatchLogsClient;
}

/**
 * Clients with credentials, region and endpoint from the environment, as in every AWS tool, and without retries of
 * their own: this package has the only ones.
 */
export function awsClients(options: { region?: string } = {}): Required<Clients> {
  const config = { ...(options.region && { region: options.region }), maxAttempts: 1 };
  return {
    lambda: new LambdaClient(config),
    cloudwatch: new CloudWatchClient(config),
    logs: new CloudWatchLogsClient(config),
  };
}
