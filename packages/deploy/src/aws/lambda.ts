import type {
  $Command,
  LambdaClient,
  LambdaClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from '@aws-sdk/client-lambda';
import { AwsRefusal } from '../errors.ts';
import type { Patience } from './patience.ts';

/** The Lambda API with patience. */
export interface Lambda extends Patience {
  /** Sends a command until it is answered for good. @throws AwsRefusal, TimedOut, or the signal's reason */
  send<In extends ServiceInputTypes, Out extends ServiceOutputTypes>(
    command: $Command<In, Out, LambdaClientResolvedConfig, ServiceInputTypes, ServiceOutputTypes>,
  ): Promise<Out>;
}

/** Gives a client patience; its own retries should be off (`maxAttempts: 1`), so that nothing retries in two places. */
export function patientLambda(client: LambdaClient, patience: Patience): Lambda {
  return {
    ...patience,
    send(command) {
      const name = command.constructor.name.replace(/Command$/, '');
      return patience.call(name, (options) => client.send(command, options));
    },
  };
}

/** The answer, or undefined when Lambda says there is no such thing. */
export function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  return unless(answer, 'ResourceNotFoundException');
}

/** The answer, or undefined when Lambda says it is there already (or in use). */
export function unlessThere<T>(answer: Promise<T>): Promise<T | undefined> {
  return unless(answer, 'ResourceConflictException');
}

async function unless<T>(answer: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AwsRefusal && error.code === code) return undefined;
    throw error;
  }
}
