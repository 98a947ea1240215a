import { AwsError } from '../errors.ts';
import { applyFault, type FaultPlan } from '../faults/fault-plan.ts';
import type { Call, Reply } from './call.ts';

/** One AWS service: everything it knows of the outside is a call. */
export interface Service {
  /** As in a signature's credential scope: `lambda`, `ecr`, `s3`. */
  name: string;
  /** The API's own name of a call: `UpdateAlias`, `PutObject`. */
  operationOf(call: Call): string;
  /** Serves a call; throws AwsError to refuse it. */
  handle(call: Call): Promise<Reply>;
  /** A refusal in the words of this service's protocol. */
  refusal(error: AwsError, call: Call): Reply;
}

/** What stands before every service. */
export interface Gate {
  faults?: FaultPlan | undefined;
  /** Throws AwsError for a call that may not pass; returns it, with its body still to be read. */
  admit?: ((service: Service, call: Call) => Promise<Call>) | undefined;
  log?: ((line: string) => void) | undefined;
}

/** Answers a call, refusals included; throws only ConnectionCut, when a fault wants that. */
export async function answer(service: Service, call: Call, gate: Gate): Promise<Reply> {
  try {
    const fault = gate.faults?.({
      service: service.name,
      operation: service.operationOf(call),
      method: call.method,
      path: call.rawPath,
    });
    const admitted = (await gate.admit?.(service, call)) ?? call;
    return await applyFault(fault, () => service.handle(admitted));
  } catch (error) {
    if (error instanceof AwsError) return service.refusal(error, call);
    if (error instanceof Error && error.name === 'ConnectionCut') throw error;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // A client that left in the middle of its upload is no news.
    if (!call.body.errored) gate.log?.(`${service.name} ${call.method} ${call.rawPath}: ${text}`);
    return service.refusal(new AwsError('InternalFailure', text, 500), call);
  }
}
