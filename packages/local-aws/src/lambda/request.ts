import { AwsError } from '../errors.ts';
import type { Call, Reply } from '../http/call.ts';
import type { Fields } from '../http/fields.ts';
import type { LambdaFunction, Version } from './function.ts';
import type { ImageSource } from './images.ts';
import type { LambdaStore } from './lambda-store.ts';
import { parseTarget } from './target.ts';
import type { Delays, Transitions } from './transitions.ts';
import type { Workers } from './workers.ts';

/** What Lambda's operations work on. */
export interface Context {
  store: LambdaStore;
  images: ImageSource;
  transitions: Transitions;
  delays: Delays;
  workers: Workers;
  /** 0–1, draws between the versions of a weighted alias. */
  random: () => number;
}

/** One control-plane request: `parts` are the path's variable segments, decoded. */
export interface Request {
  context: Context;
  call: Call;
  parts: string[];
  input: Fields;
}

/** An operation of the REST API. */
export type Operation = (request: Request) => Reply | Promise<Reply>;

/** A JSON reply. */
export function reply(status: number, body?: object): Reply {
  return {
    status,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  };
}

/** The function named in the path, and the qualifier asked for in path or query. */
export function target(request: Request): { fn: LambdaFunction; qualifier?: string } {
  const asked = request.call.query.get('Qualifier') ?? undefined;
  const { name, qualifier } = parseTarget(request.parts[0] ?? '', asked);
  return { fn: request.context.store.get(name), ...(qualifier !== undefined && { qualifier }) };
}

/** Refuses a change based on an outdated view. */
export function checkRevision(given: string | undefined, current: string, call: string): void {
  if (given !== undefined && given !== current)
    throw new AwsError(
      'PreconditionFailedException',
      `The RevisionId provided does not match the latest RevisionId. Call the ${call} API to retrieve the latest RevisionId`,
      412,
    );
}

/** Refuses a change while another is under way. */
export function checkChangeable(latest: Version, arn: string): void {
  if (latest.state === 'Pending')
    throw new AwsError(
      'ResourceConflictException',
      'The operation cannot be performed at this time. The function is currently in the following state: Pending',
      409,
    );
  if (latest.updateStatus === 'InProgress')
    throw new AwsError(
      'ResourceConflictException',
      `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
      409,
    );
}
