import { errorBody, RequestError } from '../errors.ts';
import { predict, readTexts } from '../predict.ts';
import { eventKind } from './kind.ts';

/** A direct invoke: the contract's body itself comes and goes; an error's carries its status. */
export const direct = eventKind<unknown>(
  'direct invoke',
  (event) => 'text' in event || 'texts' in event || 'sentence' in event,
  async (event, service, report) => {
    try {
      const answer = await predict(readTexts(event, service.limits), service, report);
      report.status = 200;
      return answer;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      report.status = error.status;
      return { statusCode: error.status, ...errorBody(error.code, error.message) };
    }
  },
);
