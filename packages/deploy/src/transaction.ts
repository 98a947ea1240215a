import { type AliasSeen, type AliasState, describeAlias, isSame, putAlias } from './aws/alias.ts';
import type { Clients } from './aws/clients.ts';
import { describeFunction, type FunctionState } from './aws/function.ts';
import { type Lambda, patientLambda } from './aws/lambda.ts';
import { defaultPace, startPatience } from './aws/patience.ts';
import { differences } from './differences.ts';
import { LostRace, NotRestored, StaleCommit } from './errors.ts';
import type { GoldenAnswer } from './golden.ts';
import { type Live, lookAtLive } from './live.ts';
import { plan } from './plan.ts';
import { pruneVersions, versionsInUse } from './prune.ts';
import type { DeployRequest, Place } from './request.ts';
import { formatStamp, type Stamp, timestamp } from './stamp.ts';
import { askGolden } from './steps/ask-golden.ts';
import { keepLogs } from './steps/keep-logs.ts';
import { openUrl } from './steps/open-url.ts';
import { provision, unprovision } from './steps/provision.ts';
import { publishVersion } from './steps/publish-version.ts';
import { readyFunction } from './steps/ready-function.ts';
import { type PutAlias, shiftTraffic } from './steps/shift-traffic.ts';
import { updateCode } from './steps/update-code.ts';
import { updateConfiguration } from './steps/update-configuration.ts';
import { checkAlarms } from './steps/watch.ts';

/** Runs one named step of a deploy, timed and logged. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** One deploy under way. */
export interface Transaction {
  clients: Clients;
  lambda: Lambda;
  request: DeployRequest;
  digest: string;
  step: Step;
}

/** A version that may go live: made, verified and asked. */
export interface Prepared {
  before: Live | undefined;
  /** What changes, in words; empty when everything is live already. */
  changes: string[];
  version: string;
  golden: GoldenAnswer[];
  /** All that this deploy tried to make of the alias, done or not: how {@link restore} knows its own work. */
  attempts: AliasState[];
}

/** Everything up to the alias: nothing that serves is touched, however it ends. */
export async function prepare(transaction: Transaction): Promise<Prepared> {
  const { clients, lambda, request, digest, step } = transaction;
  const { functionName, provisionedConcurrency, logRetentionDays } = request;
  const { before, changes } = await step('look at what is live', () => compare(lambda, request, digest));
  const { version, golden } =
    before && changes.length === 0
      ? { version: before.alias.version, golden: [] }
      : await makeVersion(transaction, before);
  if (logRetentionDays)
    await step('limit the logs', () => keepLogs(lambda, clients.logs, functionName, logRetentionDays));
  if (provisionedConcurrency)
    await step('warm workers', () => provision(lambda, functionName, version, provisionedConcurrency));
  return { before, changes, version, golden, attempts: [] };
}

async function makeVersion(
  { clients, lambda, request, digest, step }: Transaction,
  before: Live | undefined,
) {
  const { functionName, golden, modelVersion, shift } = request;
  await refuseStale(request, before);
  if (shift?.alarms?.length)
    await step('read the alarms', () => checkAlarms(lambda, clients.cloudwatch, shift.alarms ?? []));
  const found = await step('wait until the function can be updated', () => readyFunction(lambda, request));
  const updated = await step('update the code', () => updateCode(lambda, request, digest, found));
  const verified = await step('update the configuration', async () => {
    const after = await updateConfiguration(lambda, request, updated);
    return checkStillOurs(after, request, digest);
  });
  const version = await step('publish a version', () =>
    publishVersion(lambda, functionName, verified, stampOf(request, digest)),
  );
  const answers = golden
    ? await step('ask the golden requests', () =>
        askGolden(lambda, { functionName, version, modelVersion }, golden),
      )
    : [];
  return { version, golden: answers };
}

/** From the alias on; returns the URL if one was asked for. What fails here is to be followed by {@link restore}. */
export async function commit(transaction: Transaction, prepared: Prepared): Promise<string | undefined> {
  const { lambda, request, step } = transaction;
  const { before, changes, version } = prepared;
  const put = (wanted: AliasState, seen: AliasSeen | undefined) => {
    prepared.attempts.push(wanted);
    return putAlias(lambda, request, wanted, seen);
  };
  if (changes.length > 0) {
    const shifted =
      before && request.shift
        ? await step('shift the traffic', () => shiftWatched(transaction, prepared, before.alias, put))
        : before?.alias;
    await step('move the alias', () => put(aliasFor(transaction, prepared), shifted));
    await step('verify', () => verify(lambda, request, version));
  }
  const { urlAuth } = request;
  return urlAuth && step('open the function URL', () => openUrl(lambda, request, urlAuth));
}

/**
 * Puts the alias back to all of what it pointed at before, if this deploy has moved or shifted it. An alias that the
 * deploy made stays: nothing served before it.
 * @throws NotRestored with `because`, what made this necessary, as its cause
 */
export async function restore(
  { clients, request }: Transaction,
  { before, version, attempts }: Prepared,
  because: unknown,
): Promise<void> {
  if (!before || attempts.length === 0) return;
  // The deploy's own patience may be what has run out; and a cancelled job has seconds left.
  const pace = { ...defaultPace, ...request.pace, timeoutMs: 5_000 };
  const lambda = patientLambda(clients.lambda, startPatience(pace));
  try {
    const now = await describeAlias(lambda, request);
    if (now && attempts.some((attempt) => isSame(now, attempt)))
      await putAlias(lambda, request, { ...before.alias, extra: undefined }, now);
  } catch (error) {
    if (error instanceof LostRace) return; // Whoever was faster owns the alias now.
    const why = error instanceof Error ? error.message : String(error);
    throw new NotRestored(
      `The alias ${request.alias} of ${request.functionName} could not be put back to version ${before.alias.version}: ${why}`,
      `Version ${version} may have traffic; it did answer its golden requests. Deploy or roll back to settle it.`,
      { cause: because },
    );
  }
}

/** What is nice to have once all is live; returns the versions that were deleted. */
export async function tidy(
  { lambda, request, step }: Transaction,
  { before, changes, version }: Prepared,
): Promise<string[]> {
  const { functionName, keepVersions, provisionedConcurrency } = request;
  if (changes.length === 0) return [];
  const old = before?.alias.version;
  if (provisionedConcurrency && old && old !== version)
    await step('let the old workers go', async () => {
      if (!(await versionsInUse(lambda, functionName)).has(old)) await unprovision(lambda, functionName, old);
    });
  return keepVersions
    ? step('delete old versions', () => pruneVersions(lambda, functionName, keepVersions))
    : [];
}

/** What is live, and what a deploy would change about it. */
export async function compare(
  lambda: Lambda,
  request: DeployRequest,
  digest: string,
): Promise<{ before: Live | undefined; changes: string[] }> {
  const before = await lookAtLive(lambda, request);
  const exists = before?.version ?? (await describeFunction(lambda, request.functionName));
  return { before, changes: plan(request, digest, before, exists !== undefined) };
}

async function refuseStale(
  { functionName, alias, commit, force, isOlder }: DeployRequest,
  before: Live | undefined,
): Promise<void> {
  const live = before?.stamp.commit;
  if (force || !commit || !live || commit === live || !(await isOlder?.(commit, live))) return;
  throw new StaleCommit(
    `${functionName}:${alias} serves commit ${live}, which is newer than ${commit}`,
    'A later run got here first, so there is nothing to do. To go back on purpose, roll back or deploy with force.',
  );
}

/** What was waited for may have been another deploy's change. Publishing carries the revision id of this very look. */
function checkStillOurs(
  found: FunctionState,
  { functionName, configuration = {} }: DeployRequest,
  digest: string,
): FunctionState {
  if (found.digest === digest && differences(found, configuration).length === 0) return found;
  throw new LostRace(
    `${functionName} was given another image or configuration by something else in the middle`,
    'Two deploys at once? Give the workflow a concurrency group.',
  );
}

function shiftWatched(
  { clients, lambda, request }: Transaction,
  { version }: Prepared,
  before: AliasSeen,
  put: PutAlias,
): Promise<AliasSeen> {
  const { functionName, golden, modelVersion, shift = { weights: [], bakeMs: 0 } } = request;
  return shiftTraffic(lambda, before, version, shift, put, async () => {
    await checkAlarms(lambda, clients.cloudwatch, shift.alarms ?? []);
    if (golden) await askGolden(lambda, { functionName, version, modelVersion }, golden);
  });
}

function aliasFor({ request, digest }: Transaction, { before, version }: Prepared): AliasState {
  const description = formatStamp({
    version,
    ...stampOf(request, digest),
    ...(before && { previous: before.alias.version }),
    since: timestamp(),
  });
  return { version, extra: undefined, description };
}

async function verify(lambda: Lambda, place: Place, version: string): Promise<void> {
  const now = await describeAlias(lambda, place);
  if (now?.version === version && !now.extra) return;
  throw new LostRace(
    `The alias ${place.alias} of ${place.functionName} was moved on to version ${now?.version} by something else`,
    'Two deploys at once? Give the workflow a concurrency group.',
  );
}

/** What a deploy writes on the version it publishes. */
export function stampOf({ commit, modelVersion, metrics }: DeployRequest, digest: string): Stamp {
  return {
    digest,
    ...(commit && { commit }),
    ...(modelVersion && { model: modelVersion }),
    ...(metrics && { metrics }),
  };
}
