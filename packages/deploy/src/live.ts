import { type AliasSeen, describeAlias } from './aws/alias.ts';
import { describeFunction, type FunctionState } from './aws/function.ts';
import type { Lambda } from './aws/lambda.ts';
import type { Place } from './request.ts';
import { parseStamp, type Stamp } from './stamp.ts';

/** What an alias serves: the alias, the version it points at (undefined if somebody deleted it), and what both say of themselves. */
export interface Live {
  alias: AliasSeen;
  version: FunctionState | undefined;
  stamp: Stamp;
}

/** Looks at what is live; undefined when there is no such alias. */
export async function lookAtLive(lambda: Lambda, place: Place): Promise<Live | undefined> {
  const alias = await describeAlias(lambda, place);
  if (!alias) return undefined;
  const version = await describeFunction(lambda, place.functionName, alias.version);
  const { version: about, ...said } = parseStamp(alias.description);
  const stamp = { ...parseStamp(version?.description), ...(about === alias.version && said) };
  return { alias, version, stamp };
}
