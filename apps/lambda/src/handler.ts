import { errorBody, RequestError } from './errors.ts';
import { fromV2, isV2, toV2 } from './http/api-gateway-v2.ts';
import { json, type Outcome, respond, type Service } from './http/routes.ts';
import type { Log } from './log.ts';
import { predict, readTexts } from './predict.ts';

/** The part of Lambda's context that is used. */
export interface InvocationContext {
  awsRequestId?: string;
}

/** A function that answers every event it knows, and says of any other what it knows. */
export function makeHandler(
  service: Service,
  log: Log,
): (event: unknown, context?: InvocationContext) => Promise<unknown> {
  let coldStart = true;
  return async (event, context) => {
    const started = performance.now();
    const outcome: Outcome = { route: 'unknown', texts: 0, truncated: 0 };
    const report = (level: 'info' | 'error', fields: Record<string, unknown>) => {
      const ms = Math.round((performance.now() - started) * 100) / 100;
      const { name, version } = service.classifier.manifest;
      log(level, 'request', {
        requestId: context?.awsRequestId,
        model: name,
        version,
        coldStart,
        ms,
        ...outcome,
        ...fields,
      });
      coldStart = false;
    };
    if (isV2(event)) {
      const request = fromV2(event);
      try {
        const response = await respond(request, service, outcome);
        report('info', { status: response.status });
        return toV2(response);
      } catch (error) {
        report('error', { status: 500, error: String(error) });
        return toV2(json(500, errorBody('internal', 'The model could not answer; the log has the reason.')));
      }
    }
    return answerDirect(event, service, outcome).then(
      (answer) => {
        report('info', { status: 'statusCode' in answer ? answer.statusCode : 200 });
        return answer;
      },
      (error: unknown) => {
        report('error', { status: 500, error: String(error) });
        throw error;
      },
    );
  };
}

/** A direct invoke gets the contract's body itself; an error's carries its status. */
async function answerDirect(event: unknown, { classifier, limits }: Service, outcome: Outcome) {
  outcome.route = 'invoke';
  try {
    const texts = readTexts(event, limits);
    outcome.texts = texts.length;
    const answer = await predict(classifier, texts);
    outcome.truncated = answer.predictions.filter(({ truncated }) => truncated).length;
    return answer;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { statusCode: error.status, ...errorBody(error.code, error.message) };
  }
}
