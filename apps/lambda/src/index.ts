import { join } from 'node:path';
import { load } from '@mainline/classifier';
import { makeHandler } from './handler.ts';
import { readLimits } from './limits.ts';
import { log } from './log.ts';
import { makeMetrics } from './metrics.ts';

const { MODEL_DIR, LAMBDA_TASK_ROOT, ALLOW_ORIGIN, RESULTS_QUEUE_URL } = process.env;
const { AWS_LAMBDA_FUNCTION_NAME, AWS_LAMBDA_INITIALIZATION_TYPE, AWS_LAMBDA_FUNCTION_MEMORY_SIZE } =
  process.env;

// Somebody waits for this start; of one that is made in advance (provisioned, a snapshot, a server) nobody does.
const quick = AWS_LAMBDA_INITIALIZATION_TYPE === 'on-demand';
/** With less memory, in MB, a function has less than a CPU. */
const wholeCpuMb = 1769;

// All of this is Lambda's INIT phase. A broken bundle fails here, before it can go live. In the image, its digest has
// vouched for every byte of the bundle; one from elsewhere is hashed first.
const classifier = await load(MODEL_DIR || join(LAMBDA_TASK_ROOT || '.', 'model'), {
  verify: Boolean(MODEL_DIR),
  quick,
});
// INIT has CPUs to itself whatever the function's memory is: where requests have less, the model runs here once.
if (!quick || Number(AWS_LAMBDA_FUNCTION_MEMORY_SIZE) < wholeCpuMb) await classifier.classify(['']);

/** The Lambda entry point. */
export const handler = makeHandler({
  classifier,
  limits: readLimits(process.env),
  allowOrigin: ALLOW_ORIGIN ?? '*',
  resultsQueueUrl: RESULTS_QUEUE_URL ?? '',
  log,
  metrics: makeMetrics(classifier, AWS_LAMBDA_FUNCTION_NAME ?? 'mainline'),
});
