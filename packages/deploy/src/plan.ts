import { differences } from './differences.ts';
import type { Live } from './live.ts';
import type { DeployRequest } from './request.ts';

/** What a deploy changes, one line each, by names and never values; empty when all of it is live already. */
export function plan(
  request: DeployRequest,
  digest: string,
  live: Live | undefined,
  functionExists: boolean,
): string[] {
  const { functionName, alias, configuration = {} } = request;
  const is = live?.version;
  const lines: string[] = [];
  if (!functionExists) lines.push(`create the function ${functionName}`);
  if (is?.digest !== digest)
    lines.push(is ? `image: ${short(is.digest)} → ${short(digest)}` : `image: ${short(digest)}`);
  if (is && configuration.architecture && configuration.architecture !== is.architecture)
    lines.push(`architecture: ${is.architecture} → ${configuration.architecture}`);
  const names = is ? differences(is, configuration) : [];
  if (names.length > 0) lines.push(`configuration: ${names.join(', ')}`);
  if (live?.alias.extra) lines.push(`end the unfinished shift to version ${live.alias.extra.version}`);
  if (lines.length > 0)
    lines.push(live ? `move ${alias} on from version ${live.alias.version}` : `create the alias ${alias}`);
  return lines;
}

function short(digest: string | undefined): string {
  return digest?.replace('sha256:', '').slice(0, 12) ?? 'unknown';
}
