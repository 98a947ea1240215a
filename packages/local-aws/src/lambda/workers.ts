import type { LambdaFunction, Version } from './function.ts';

/** One event for one version. */
export interface InvokeRequest {
  payload: Uint8Array;
  /** As the caller addressed the function: alias, version or nothing. */
  qualifier?: string;
  clientContext?: string;
  requestId?: string;
}

export interface InvokeResult {
  requestId: string;
  payload: Buffer;
  /** The handler, its init or its time limit failed; `payload` says how. */
  isError: boolean;
  contentType: string | undefined;
  /** The last 4 KB of log, complete once this settles. */
  logTail: Promise<string>;
}

/** What runs code: processes of this machine, or in tests of a control plane anything that answers. */
export interface Workers {
  /** Runs one event; throws TooManyRequestsException at a limit. */
  invoke(fn: LambdaFunction, version: Version, request: InvokeRequest): Promise<InvokeResult>;
  /** Forgets the versions of a function whose key (`version:fingerprint`) is no longer wanted. */
  retire(name: string, isUnwanted: (key: string) => boolean): void;
  close(): Promise<void>;
}
