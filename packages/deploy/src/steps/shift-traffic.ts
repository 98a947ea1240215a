import { type AliasSeen, putAlias } from '../aws/alias.ts';
import type { Lambda } from '../aws/lambda.ts';
import type { Place, Shift } from '../request.ts';

/**
 * Gives a new version growing shares of an alias's traffic, watching each for the bake time; throws what `judge` throws.
 * The alias still points at the old version in the end, with the last share on the new one.
 */
export async function shiftTraffic(
  lambda: Lambda,
  place: Place,
  before: AliasSeen,
  version: string,
  { weights, bakeMs, watchEveryMs = 10_000 }: Shift,
  judge: (weight: number) => Promise<void>,
): Promise<AliasSeen> {
  let alias = before;
  for (const weight of weights) {
    const wanted = { version: before.version, extra: { version, weight }, description: before.description };
    alias = await putAlias(lambda, place, wanted, alias);
    for (let left = bakeMs; ; left -= watchEveryMs) {
      await judge(weight);
      if (left <= 0) break;
      await lambda.pause(Math.min(left, watchEveryMs));
    }
  }
  return alias;
}
