import type { ScheduledEvent } from 'aws-lambda';
import { eventKind } from './kind.ts';

/** An EventBridge schedule: keeps an environment warm, and proves that it still answers. */
export const schedule = eventKind<ScheduledEvent>(
  'EventBridge schedule',
  (event) => event.source === 'aws.events' || event.source === 'aws.scheduler',
  async (_, { classifier }, report) => {
    // Not a prediction: neither the metrics nor the drift may count it.
    await classifier.complete();
    await classifier.classify(['warm up']);
    report.status = 200;
    return { warm: true };
  },
);
