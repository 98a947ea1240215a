import type { Clients } from './aws/clients.ts';
import { patientLambda } from './aws/lambda.ts';
import { defaultPace, startPatience } from './aws/patience.ts';
import { LostRace } from './errors.ts';
import type { GoldenAnswer } from './golden.ts';
import { checkRequest, type DeployRequest } from './request.ts';
import type { Stamp } from './stamp.ts';
import {
  commit,
  compare,
  type Prepared,
  prepare,
  restore,
  stampOf,
  type Transaction,
  tidy,
} from './transaction.ts';

/** What is live now, and how it got there. */
export interface DeployResult {
  functionName: string;
  alias: string;
  /** False: all of it was live already and nothing was touched. */
  changed: boolean;
  /** In words and by names, never values: image, configuration, alias. */
  changes: string[];
  version: string;
  digest: string;
  /** What is known about the version that is live. */
  live: Stamp;
  /** What the alias pointed at before, when it was there and moved, and what is known about it. */
  previousVersion?: string;
  previous?: Stamp;
  url?: string;
  golden: GoldenAnswer[];
  /** Old versions that were deleted. */
  pruned: string[];
  steps: { name: string; ms: number }[];
}

/** A deploy and the clients for its account and region. */
export interface Target {
  clients: Clients;
  request: DeployRequest;
}

/** Takes one line of progress. */
export type Log = (line: string) => void;

/**
 * Makes an image the live version of a function, or changes nothing that serves. Idempotent by digest and
 * configuration. When something else changes the function meanwhile it starts over, a few times.
 * @throws DeployError with a hint; the alias then serves what it served before
 */
export async function deploy(
  clients: Clients,
  request: DeployRequest,
  log: Log = () => {},
): Promise<DeployResult> {
  const [result] = await deployAll([{ clients, request }], log);
  return result!;
}

/**
 * Deploys to several aliases, functions or regions as one: all versions are made and asked before the first alias
 * moves, and when one alias can't be moved those that were go back.
 * @throws DeployError with a hint; all aliases then serve what they served before
 */
export async function deployAll(targets: Target[], log: Log = () => {}): Promise<DeployResult[]> {
  const digests = targets.map(({ request }) => checkRequest(request));
  const steps: DeployResult['steps'][] = targets.map(() => []);
  const transactions = targets.map(({ clients, request }, index): Transaction => {
    const lambda = patientLambda(
      clients.lambda,
      startPatience({ ...defaultPace, ...request.pace }, request.signal),
    );
    return { clients, lambda, request, digest: digests[index]!, step: recorder(steps[index]!, log) };
  });

  for (let round = 1; ; round++) {
    try {
      return (await runTogether(transactions, log)).map((result, index) => ({
        ...result,
        steps: steps[index]!,
      }));
    } catch (error) {
      if (!(error instanceof LostRace) || round === 10) throw error;
      log(`${error.message}: starting over`);
      await transactions[0]!.lambda.backOff(round, 'getting past another deploy');
    }
  }
}

/** What a deploy would change, in words and by names, without changing anything; empty if all of it is live already. */
export async function diff({ lambda }: Clients, request: DeployRequest): Promise<string[]> {
  const digest = checkRequest(request);
  const patience = startPatience({ ...defaultPace, ...request.pace }, request.signal);
  return (await compare(patientLambda(lambda, patience), request, digest)).changes;
}

async function runTogether(transactions: Transaction[], log: Log): Promise<Omit<DeployResult, 'steps'>[]> {
  const prepared: Prepared[] = [];
  for (const transaction of transactions) prepared.push(await prepare(transaction));

  const urls: (string | undefined)[] = [];
  try {
    for (const [index, transaction] of transactions.entries())
      urls.push(await commit(transaction, prepared[index]!));
  } catch (error) {
    let worst: unknown = error;
    for (let index = urls.length; index >= 0; index--)
      await restore(transactions[index]!, prepared[index]!, error).catch((unrestored: unknown) => {
        worst = unrestored;
      });
    throw worst;
  }

  const results: Omit<DeployResult, 'steps'>[] = [];
  for (const [index, transaction] of transactions.entries()) {
    const { before, changes, version, golden } = prepared[index]!;
    const { request, digest } = transaction;
    const url = urls[index];
    const pruned = await tidy(transaction, prepared[index]!).catch((error: unknown) => {
      log(`All is live, but tidying up failed: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    });
    results.push({
      functionName: request.functionName,
      alias: request.alias,
      changed: changes.length > 0,
      changes,
      version,
      digest,
      live: changes.length > 0 ? stampOf(request, digest) : (before?.stamp ?? {}),
      ...(before && changes.length > 0 && { previousVersion: before.alias.version, previous: before.stamp }),
      ...(url && { url }),
      golden,
      pruned,
    });
  }
  return results;
}

function recorder(steps: DeployResult['steps'], log: Log): Transaction['step'] {
  return async (name, work) => {
    const started = performance.now();
    const result = await work();
    const ms = performance.now() - started;
    steps.push({ name, ms });
    log(`${name} (${Math.round(ms)} ms)`);
    return result;
  };
}
