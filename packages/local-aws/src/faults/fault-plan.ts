import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../errors.ts';

/** A call that may be made to fail. */
export interface FaultPoint {
  /** `lambda`, `ecr`, `s3`, … */
  service: string;
  /** The API's own name: `UpdateAlias`, `PutObject`. */
  operation: string;
  method: string;
  path: string;
}

/** What goes wrong with a call. */
export type Fault =
  /** Refused before anything happens: throttling, a 500. */
  | { kind: 'refuse'; code: string; status: number; message?: string }
  /** The connection breaks before the call is served. */
  | { kind: 'cut-before' }
  /** The call is served, and the connection breaks before the answer: the client can't know. */
  | { kind: 'cut-after' }
  /** The call is served late. */
  | { kind: 'delay'; delayMs: number };

/** Decides for each call whether it goes wrong; asked once per request, in order. */
export type FaultPlan = (point: FaultPoint) => Fault | undefined;

/** The connection is to be broken instead of answered. */
export class ConnectionCut extends Error {
  override name = 'ConnectionCut';
}

/** Runs a call the way the fault wants it. */
export async function applyFault<T>(fault: Fault | undefined, run: () => Promise<T>): Promise<T> {
  if (fault?.kind === 'refuse')
    throw new AwsError(fault.code, fault.message ?? 'An injected fault', fault.status);
  if (fault?.kind === 'cut-before') throw new ConnectionCut();
  if (fault?.kind === 'delay') await sleep(fault.delayMs);
  const result = await run();
  if (fault?.kind === 'cut-after') throw new ConnectionCut();
  return result;
}
