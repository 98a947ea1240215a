import type { Classifier } from '@mainline/classifier';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** What answering takes, made once in a process. */
export interface Service {
  classifier: Classifier;
  limits: Limits;
  /** The origins whose pages may call this from a browser, with commas: "*" is any, "" none. */
  allowOrigin: string;
  /** Where predictions on queued messages go; "" is only to the log. */
  resultsQueueUrl: string;
  log: Log;
  metrics: Metrics;
}

/** What became of an invocation, for its line in the log: nothing in it is the client's own words. */
export interface Report {
  kind: string;
  route?: string;
  status?: number;
  texts: number;
  truncated: number;
  tokenizeMs: number;
  runMs: number;
  [more: string]: unknown;
}
