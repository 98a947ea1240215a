/** A Lambda event source mapping: a queue's messages become a function's events. */
export interface Mapping {
  id: string;
  queueName: string;
  functionName: string;
  qualifier?: string;
  batchSize: number;
  /** How long a batch may be collected before it is handed over. */
  windowSeconds: number;
  enabled: boolean;
  /** The handler names the messages that failed; without, a failure is the whole batch's. */
  reportsItemFailures: boolean;
  maximumConcurrency?: number;
  lastModified: number;
}
