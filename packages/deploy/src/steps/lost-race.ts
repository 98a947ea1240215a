import { AwsRefusal, LostRace } from '../errors.ts';

/** The answer of a call that carries a revision id; a stale one becomes a LostRace. */
export async function refusedAsChanged<T>(functionName: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AwsRefusal && error.code === 'PreconditionFailedException')
      throw new LostRace(
        `${functionName} was changed by something else in the middle`,
        'Two deploys at once? Give the workflow a concurrency group.',
        { cause: error },
      );
    throw error;
  }
}
