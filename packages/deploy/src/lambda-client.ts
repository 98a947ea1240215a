import { LambdaClient } from '@aws-sdk/client-lambda';

/**
 * A client for deploy(): credentials, region and endpoint from the environment as in every AWS tool, and no retries
 * of its own, since deploy() has the only ones.
 */
export function lambdaClient(options: { region?: string } = {}): LambdaClient {
  return new LambdaClient({ ...(options.region && { region: options.region }), maxAttempts: 1 });
}
