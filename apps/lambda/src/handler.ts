import { errorBody, UnsupportedEvent } from './errors.ts';
import { direct } from './events/direct.ts';
import { httpApi, loadBalancer, restApi } from './events/http.ts';
import { fieldsOf } from './events/kind.ts';
import { objectCreated } from './events/s3.ts';
import { schedule } from './events/schedule.ts';
import { queue } from './events/sqs.ts';
import type { Log } from './log.ts';
import type { Report, Service } from './service.ts';

const kinds = [httpApi, direct, restApi, loadBalancer, queue, objectCreated, schedule];

/** The part of Lambda's context that is used. */
export interface InvocationContext {
  awsRequestId?: string;
  xRayTraceId?: string;
  /** What the caller says of itself; a deployment says that it asks golden requests. */
  clientContext?: { custom?: { purpose?: unknown } };
}

/** A function that answers every kind of event it knows, and says of any other what it knows. */
export function makeHandler(
  service: Service,
): (event: unknown, context?: InvocationContext) => Promise<unknown> {
  const { name, version } = service.classifier.manifest;
  // With provisioned concurrency nobody waits for the start.
  let coldStart = (process.env.AWS_LAMBDA_INITIALIZATION_TYPE ?? 'on-demand') === 'on-demand';
  return async (event, context = {}) => {
    const { awsRequestId: requestId, xRayTraceId: traceId = process.env._X_AMZN_TRACE_ID } = context;
    const log: Log = (level, message, fields) =>
      service.log(level, message, { requestId, traceId, ...fields });
    const started = performance.now();
    const report: Report = { kind: 'unknown', texts: 0, truncated: 0, tokenizeMs: 0, runMs: 0 };
    try {
      const answered = await answer(event, { ...service, log }, report);
      // What is put off at a start must not fail when the version is live: the next golden request is answered by it.
      if (context.clientContext?.custom?.purpose === 'golden') await service.classifier.complete();
      return answered;
    } catch (error) {
      report.error = String(error);
      throw error;
    } finally {
      const totalMs = performance.now() - started;
      const isColdStart = coldStart;
      coldStart = false;
      // The answer goes first; this runs while it is on its way, before Lambda hears that the next event may come.
      setImmediate(() => {
        log(report.error ? 'error' : 'info', 'invocation', {
          ...{ model: name, version, coldStart: isColdStart, ...report },
          ...{ tokenizeMs: round(report.tokenizeMs), runMs: round(report.runMs), totalMs: round(totalMs) },
        });
        service.metrics.publish(requestId, isColdStart);
      });
    }
  };
}

async function answer(event: unknown, service: Service, report: Report): Promise<unknown> {
  for (const kind of kinds) {
    const answered = kind.answer(event, service, report);
    if (!answered) continue;
    report.kind = kind.name;
    return answered;
  }
  const fields = fieldsOf(event);
  const message = `No event known here. Known are: ${kinds.map((kind) => kind.name).join(', ')}. A direct invoke gives {"text": "…"}.`;
  if (['Records', 'records', 'detail-type', 'awslogs'].some((field) => field in fields))
    throw new UnsupportedEvent(message);
  report.status = 422;
  return { statusCode: 422, ...errorBody('unknown_event', message) };
}

const round = (ms: number): number => Math.round(ms * 100) / 100;
