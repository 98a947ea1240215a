import type { AliasSeen, AliasState } from '../aws/alias.ts';
import type { Patience } from '../aws/patience.ts';
import type { Shift } from '../request.ts';

/** Makes an alias what it should be, if it still is what was seen. */
export type PutAlias = (wanted: AliasState, seen: AliasSeen | undefined) => Promise<AliasSeen>;

/**
 * Gives a new version growing shares of an alias's traffic, watching each for the bake time; throws what `judge` throws.
 * The alias still points at the old version in the end, with the last share on the new one.
 */
export async function shiftTraffic(
  patience: Patience,
  before: AliasSeen,
  version: string,
  { weights, bakeMs, watchEveryMs = 10_000 }: Shift,
  put: PutAlias,
  judge: () => Promise<void>,
): Promise<AliasSeen> {
  let alias = before;
  for (const weight of weights) {
    const wanted = { version: before.version, extra: { version, weight }, description: before.description };
    alias = await put(wanted, alias);
    for (let left = bakeMs; ; left -= watchEveryMs) {
      await judge();
      if (left <= 0) break;
      await patience.pause(Math.min(left, watchEveryMs));
    }
  }
  return alias;
}
