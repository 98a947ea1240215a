import { AwsError } from '../../errors.ts';
import { type Call, type Reply, readBody } from '../../http/call.ts';
import type { LambdaFunction, Version } from '../function.ts';
import { restore } from '../inactive.ts';
import { type Context, type Operation, reply, target } from '../request.ts';
import { resolveQualifier } from '../target.ts';
import type { InvokeRequest, InvokeResult } from '../workers.ts';

const syncLimitBytes = 6 * 1024 * 1024;
const asyncLimitBytes = 1024 * 1024;

/** The version an invocation runs, and that it can: `$LATEST` is what serves while an update is under way. */
export function invocable(context: Context, fn: LambdaFunction, qualifier: string | undefined): Version {
  const resolved = resolveQualifier(fn, qualifier, context.random());
  const version = resolved.version === '$LATEST' ? fn.serving : resolved;
  if (version.state === 'Inactive') restore(context, fn, version);
  if (version.state !== 'Active')
    throw new AwsError(
      'ResourceConflictException',
      `The operation cannot be performed at this time. The function is currently in the following state: ${version.state}`,
      409,
    );
  if (version.packageType === 'Zip')
    throw new AwsError('InvalidZipFileException', 'Local Lambda runs container images only', 502);
  return version;
}

/** Invoke: RequestResponse, Event (answered at once, retried twice) or DryRun. */
export const invoke: Operation = async (request): Promise<Reply> => {
  const { context, call } = request;
  const type = String(call.headers['x-amz-invocation-type'] ?? 'RequestResponse');
  const payload = await readBody(call, type === 'Event' ? asyncLimitBytes : syncLimitBytes);
  checkJson(payload);
  // Looked up only now: while the body arrived the function may have changed.
  const { fn, qualifier } = target(request);
  const version = invocable(context, fn, qualifier);
  const event: InvokeRequest = {
    payload: payload.length === 0 ? Buffer.from('{}') : payload,
    requestId: call.requestId,
    ...(qualifier !== undefined && { qualifier }),
    ...clientContext(call),
  };
  if (type === 'DryRun') return reply(204);
  if (type === 'Event') {
    void retried(() => context.workers.invoke(fn, version, event));
    return { status: 202, headers: { 'x-amz-executed-version': version.version } };
  }
  const result = await context.workers.invoke(fn, version, event);
  const wantsLog = call.headers['x-amz-log-type'] === 'Tail';
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'x-amz-executed-version': version.version,
      ...(result.isError && { 'x-amz-function-error': 'Unhandled' }),
      ...(wantsLog && { 'x-amz-log-result': Buffer.from(await result.logTail).toString('base64') }),
    },
    body: result.payload,
  };
};

function checkJson(payload: Buffer): void {
  if (payload.length === 0) return;
  try {
    JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw new AwsError(
      'InvalidRequestContentException',
      `Could not parse request body into json: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function clientContext(call: Call): { clientContext?: string } {
  const encoded = call.headers['x-amz-client-context'];
  return typeof encoded === 'string'
    ? { clientContext: Buffer.from(encoded, 'base64').toString('utf8') }
    : {};
}

/** An asynchronous event has nobody to report to: its failures are in the log, and it is tried three times. */
async function retried(run: () => Promise<InvokeResult>): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const outcome = await run().catch(() => undefined);
    if (outcome && !outcome.isError) return;
  }
}
