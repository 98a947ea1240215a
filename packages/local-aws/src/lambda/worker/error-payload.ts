import type { Outcome } from './worker.ts';

const payload = (errorType: string, errorMessage: string) =>
  Buffer.from(JSON.stringify({ errorType, errorMessage }));

/** What the caller gets: the handler's own answer or error, or Lambda's words for how its process failed. */
export function errorPayload(outcome: Outcome, requestId: string, timeoutSeconds: number): Buffer {
  if (outcome.kind === 'timeout')
    return payload(
      'Sandbox.Timedout',
      `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
    );
  if (outcome.kind === 'exit')
    return payload(
      'Runtime.ExitError',
      `RequestId: ${requestId} Error: Runtime exited with error: ${outcome.status}`,
    );
  if (outcome.kind === 'invalid-entrypoint')
    return payload(
      'Runtime.InvalidEntrypoint',
      `RequestId: ${requestId} Error: fork/exec /lambda-entrypoint.sh: exec format error`,
    );
  if (outcome.kind === 'response' && outcome.payload.length > 6 * 1024 * 1024)
    return payload(
      'Function.ResponseSizeTooLarge',
      'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
    );
  return outcome.payload;
}
