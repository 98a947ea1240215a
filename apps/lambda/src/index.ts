import { join } from 'node:path';
import { load } from '@mainline/classifier';
import { makeHandler } from './handler.ts';
import { readLimits } from './limits.ts';
import { log } from './log.ts';
import { makeMetrics } from './metrics.ts';

const { MODEL_DIR, LAMBDA_TASK_ROOT, ALLOW_ORIGIN, RESULTS_QUEUE_URL } = process.env;
const { AWS_LAMBDA_FUNCTION_NAME, AWS_LAMBDA_INITIALIZATION_TYPE } = process.env;

// All of this is Lambda's INIT phase, which has a CPU to itself whatever the function's memory is: the model is
// loaded and has run once before the first request comes. A broken bundle fails here, before it can go live. In the
// image, its digest has vouched for every byte of the bundle; one from elsewhere is hashed first.
const classifier = await load(MODEL_DIR || join(LAMBDA_TASK_ROOT || '.', 'model'), {
  verify: Boolean(MODEL_DIR),
  // Somebody waits for this start; of one that is made in advance (provisioned, a snapshot, a server) nobody does.
  quick: AWS_LAMBDA_INITIALIZATION_TYPE === 'on-demand',
});
await classifier.classify(['']);

/** The Lambda entry point. */
export const handler = makeHandler({
  classifier,
  limits: readLimits(process.env),
  allowOrigin: ALLOW_ORIGIN ?? '*',
  resultsQueueUrl: RESULTS_QUEUE_URL ?? '',
  log,
  metrics: makeMetrics(classifier, AWS_LAMBDA_FUNCTION_NAME ?? 'mainline'),
});
