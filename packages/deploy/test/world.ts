import type { Clients } from '../src/aws/clients.ts';
import { type DeployResult, deploy } from '../src/deploy.ts';
import type { DeployRequest } from '../src/request.ts';
import { startModel } from './aws-server.ts';
import type { Alias, LambdaFunction, LambdaModel, Worker } from './lambda-model.ts';

/** A digest that is easy to read in a failing test. */
export const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** An image by such a digest. */
export const image = (letter: string) => `registry.example/spam@${digest(letter)}`;

/** A function that says spam for anything with an exclamation mark. */
export const classifier =
  (version: string): Worker =>
  (payload) => {
    const spam = JSON.stringify(payload).includes('!') ? 0.9 : 0.2;
    return {
      model: { name: 'spam', version },
      predictions: [
        {
          label: spam > 0.5 ? 'spam' : 'ham',
          score: Math.max(spam, 1 - spam),
          scores: { ham: 1 - spam, spam },
        },
      ],
    };
  };

/** What {@link classifier} answers rightly. */
export const golden = {
  tolerance: 0.001,
  cases: [
    { text: 'Buy now!', label: 'spam', scores: { ham: 0.1, spam: 0.9 } },
    { text: 'See you at noon', label: 'ham', scores: { ham: 0.8, spam: 0.2 } },
  ],
};

/** A deploy of such an image that creates what is missing and waits next to nothing. */
export function requestFor(letter: string, more: Partial<DeployRequest> = {}): DeployRequest {
  return {
    functionName: 'spam',
    image: image(letter),
    alias: 'live',
    golden,
    commit: `c0ffee${letter}`,
    modelVersion: 'm1',
    configuration: { role: 'arn:aws:iam::000000000000:role/spam' },
    pace: { timeoutMs: 5_000, pollMs: 1, retryMs: 1 },
    ...more,
  };
}

/** Lambda's model behind HTTP with three good images, a and b and c, and the shortest ways to use it. */
export interface World {
  model: LambdaModel;
  clients: Required<Clients>;
  go(letter: string, more?: Partial<DeployRequest>, log?: (line: string) => void): Promise<DeployResult>;
  fn(name?: string): LambdaFunction;
  live(alias?: string): Alias | undefined;
  close(): void;
}

/** Starts one. */
export async function startWorld(): Promise<World> {
  const { model, clients, close } = await startModel();
  for (const letter of ['a', 'b', 'c']) model.images.set(digest(letter), classifier('m1'));
  const fn = (name = 'spam') => model.find(name);
  return {
    model,
    clients,
    close,
    fn,
    go: (letter, more, log) => deploy(clients, requestFor(letter, more), log),
    live: (alias = 'live') => model.functions.get('spam')?.aliases.get(alias),
  };
}
