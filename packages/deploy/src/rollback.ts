import { putAlias } from './aws/alias.ts';
import type { Clients } from './aws/clients.ts';
import { describeFunction } from './aws/function.ts';
import { patientLambda } from './aws/lambda.ts';
import { defaultPace, type Pace, startPatience } from './aws/patience.ts';
import type { Log } from './deploy.ts';
import { NothingToRollBack } from './errors.ts';
import type { Golden, GoldenAnswer } from './golden.ts';
import { lookAtLive } from './live.ts';
import { checkPlace, type Place } from './request.ts';
import { formatStamp, parseStamp, type Stamp, timestamp } from './stamp.ts';
import { askGolden } from './steps/ask-golden.ts';
import { checkSettled, settle } from './steps/settle.ts';

/** What to go back to. */
export interface RollbackRequest extends Place {
  /** The version; the one that was live before if left out. */
  to?: string;
  /** Asked before the alias moves. They must be that version's own: another model has other scores. */
  golden?: Golden;
  pace?: Partial<Pace>;
  signal?: AbortSignal;
}

/** What is live after going back. */
export interface RollbackResult extends Place {
  /** False: that version was live already, with all of the traffic. */
  changed: boolean;
  version: string;
  previousVersion: string;
  /** What is known about the version that is live now. */
  stamp: Stamp;
  golden: GoldenAnswer[];
}

/**
 * Points an alias back at the version before, or at a named one, after the same checks as a deploy. While a deploy is
 * shifting traffic, or was cut off doing so, going back means to end that.
 * @throws DeployError with a hint; the alias then serves what it served before, or, if AWS could no longer be reached to
 * say so, what was asked for: that is not undone
 */
export async function rollback(
  { lambda: client }: Clients,
  request: RollbackRequest,
  log: Log = () => {},
): Promise<RollbackResult> {
  checkPlace(request);
  const { functionName, alias } = request;
  const lambda = patientLambda(client, startPatience({ ...defaultPace, ...request.pace }, request.signal));
  const live = await lookAtLive(lambda, request);
  if (!live)
    throw new NothingToRollBack(
      `There is no alias "${alias}" of a function "${functionName}" in this account and region`,
      'Check both names and the region.',
    );
  const from = live.alias.version;
  const to = request.to ?? (live.alias.extra ? from : live.stamp.previous);
  if (!to)
    throw new NothingToRollBack(
      `Nothing is known of what ${functionName}:${alias} served before version ${from}`,
      'It is the first, or somebody moved the alias by hand. Name the version to go to.',
    );
  const place = { functionName, alias, version: to, previousVersion: from };
  if (to === from && !live.alias.extra) return { ...place, changed: false, stamp: live.stamp, golden: [] };

  const version = await describeFunction(lambda, functionName, to);
  if (!version)
    throw new NothingToRollBack(
      `There is no version ${to} of ${functionName}`,
      'It was deleted, or never made. Deploy its commit again, or name another version.',
    );
  checkSettled(await settle(lambda, functionName, to), `Version ${to} of ${functionName}`);
  const made = parseStamp(version.description);
  const answers = await askGolden(
    lambda,
    { functionName, version: to, modelVersion: made.model },
    request.golden ?? anySign,
  );
  log(`version ${to} answers`);

  const stamp = to === from ? live.stamp : { ...made, previous: from, since: timestamp() };
  const wanted = { version: to, extra: undefined, description: formatStamp({ version: to, ...stamp }) };
  await putAlias(lambda, request, wanted, live.alias);
  log(`${functionName}:${alias} serves version ${to} again`);
  return { ...place, changed: true, stamp, golden: answers };
}

/** Without golden requests of its own an old version has at least to answer something, as the model it was made with. */
const anySign: Golden = { tolerance: 0, cases: [{ text: 'Is anybody there?' }] };
