import {
  type AliasConfiguration,
  DeleteFunctionCommand,
  ListAliasesCommand,
  ListVersionsByFunctionCommand,
} from '@aws-sdk/client-lambda';
import type { Clients } from './aws/clients.ts';
import { type Lambda, patientLambda, unlessThere } from './aws/lambda.ts';
import { defaultPace, type Pace, startPatience } from './aws/patience.ts';
import { parseStamp } from './stamp.ts';

/** What to prune, and how much to leave. */
export interface PruneRequest {
  functionName: string;
  /** The newest versions that stay in any case. */
  keep: number;
  pace?: Partial<Pace>;
  signal?: AbortSignal;
}

/** Deletes old versions of a function; returns those it deleted. See {@link pruneVersions}. */
export function prune({ lambda }: Clients, request: PruneRequest): Promise<string[]> {
  const patience = startPatience({ ...defaultPace, ...request.pace }, request.signal);
  return pruneVersions(patientLambda(lambda, patience), request.functionName, request.keep);
}

/**
 * Deletes all versions but the newest few, those that an alias uses (with a share of its traffic, too) and those that
 * an alias would roll back to. Lambda itself refuses to delete one that an alias came to use meanwhile: that one stays.
 */
export async function pruneVersions(lambda: Lambda, functionName: string, keep: number): Promise<string[]> {
  // Versions first: whatever is published or pointed at after this look is not in the list.
  const versions = await listVersions(lambda, functionName);
  const aliases = await listAliases(lambda, functionName);
  const wanted = new Set([
    ...inUse(aliases),
    ...aliases.map((alias) => parseStamp(alias.Description).previous),
  ]);
  const old = versions.slice(0, Math.max(0, versions.length - Math.max(1, keep)));
  const deleted: string[] = [];
  for (const version of old.filter((candidate) => !wanted.has(candidate)))
    if (
      await unlessThere(
        lambda.send(new DeleteFunctionCommand({ FunctionName: functionName, Qualifier: version })),
      )
    )
      deleted.push(version);
  return deleted;
}

/** The versions that aliases point at, also those with a share of the traffic only. */
export async function versionsInUse(lambda: Lambda, functionName: string): Promise<Set<string>> {
  return new Set(inUse(await listAliases(lambda, functionName)));
}

function inUse(aliases: AliasConfiguration[]): string[] {
  return aliases.flatMap((alias) => [
    alias.FunctionVersion ?? '',
    ...Object.keys(alias.RoutingConfig?.AdditionalVersionWeights ?? {}),
  ]);
}

/** Numbers of all published versions, oldest first. */
async function listVersions(lambda: Lambda, functionName: string): Promise<string[]> {
  const numbers: number[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await lambda.send(
      new ListVersionsByFunctionCommand({ FunctionName: functionName, ...(marker && { Marker: marker }) }),
    );
    for (const { Version } of page.Versions ?? []) if (Version !== '$LATEST') numbers.push(Number(Version));
    marker = page.NextMarker;
    if (!marker) return numbers.sort((a, b) => a - b).map(String);
  }
}

async function listAliases(lambda: Lambda, functionName: string): Promise<AliasConfiguration[]> {
  const aliases: AliasConfiguration[] = [];
  for (let marker: string | undefined; ; ) {
    const page = await lambda.send(
      new ListAliasesCommand({ FunctionName: functionName, ...(marker && { Marker: marker }) }),
    );
    aliases.push(...(page.Aliases ?? []));
    marker = page.NextMarker;
    if (!marker) return aliases;
  }
}
