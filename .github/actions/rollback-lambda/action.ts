import { awsClients, mergeGolden, parseGolden, type RollbackResult, rollback } from '@mainline/deploy';
import { defineAction } from '../lib/action.ts';
import { defaulted, lines, optional, required, text } from '../lib/inputs.ts';
import { readJson } from '../lib/read-json.ts';
import { code, shortDigest, table } from '../lib/summary.ts';

/** An alias → the version before. */
export const action = defineAction({
  name: 'rollback-lambda',
  inputs: {
    'function-name': required(text),
    alias: defaulted('live', text),
    version: optional(text),
    golden: optional(lines),
  },
  outputs: ['version', 'alias', 'previous-version', 'changed'],

  async perform({ functionName, alias, version, golden = [] }, job) {
    const goldens = await Promise.all(golden.map(async (path) => parseGolden(await readJson(path))));
    const result = await rollback(
      awsClients(),
      {
        functionName,
        alias,
        signal: job.signal,
        ...(version && { to: version }),
        ...(goldens.length > 0 && { golden: mergeGolden(goldens) }),
      },
      job.log,
    );
    return {
      outputs: {
        version: result.version,
        alias,
        'previous-version': result.previousVersion,
        changed: result.changed,
      },
      summary: summarise(result),
    };
  },
});

/** The job summary of a rollback: what is live now, and what was. */
export function summarise({
  functionName,
  alias,
  changed,
  version,
  previousVersion,
  stamp,
}: RollbackResult): string {
  const name = code(`${functionName}:${alias}`);
  const facts = [
    ['Version', changed ? `${version} (was ${previousVersion})` : version],
    ...(stamp.digest ? [['Image', shortDigest(stamp.digest)]] : []),
    ...(stamp.model ? [['Model', code(stamp.model)]] : []),
    ...(stamp.commit ? [['Commit', code(stamp.commit.slice(0, 12))]] : []),
  ];
  const title = changed ? `### ⏪ ${name} is back at version ${version}` : `### ✅ ${name} was there already`;
  return `${title}\n\n${table(['', 'Live now'], facts)}\n`;
}
