import type { DeployResult } from '@mainline/deploy';
import { code, duration, shortDigest, table } from '../lib/summary.ts';

/** What a deploy was of, for its summary. */
export interface Deployed {
  functionName: string;
  commit: string | undefined;
  modelVersion: string | undefined;
}

/** The job summary of a deploy: what is live now, what changed, how it answered, and how to go back. */
export function summarise(result: DeployResult, of: Deployed): string {
  const name = `${of.functionName}:${result.alias}`;
  const parts = [
    result.changed ? `### 🚀 ${code(name)} is live` : `### ✅ ${code(name)} was live already`,
    table(
      ['', 'Live now', ...(result.previousVersion ? ['Before'] : [])],
      [
        ['Version', result.version, ...(result.previousVersion ? [result.previousVersion] : [])],
        ['Image', shortDigest(result.digest)],
        ...(of.modelVersion ? [['Model', code(of.modelVersion)]] : []),
        ...(of.commit ? [['Commit', code(of.commit.slice(0, 12))]] : []),
        ...(result.url ? [['URL', result.url]] : []),
      ],
    ),
  ];
  if (result.golden.length > 0) {
    const init = result.golden.find((answer) => answer.initMs !== undefined)?.initMs;
    const slowest = Math.max(...result.golden.map((answer) => answer.ms));
    parts.push(
      `${result.golden.length} golden requests answered as recorded, the slowest in ${duration(slowest)}` +
        `${init === undefined ? '' : `; a cold start took ${duration(init)}`}.`,
    );
  }
  if (result.changed && result.previousVersion)
    parts.push(
      `To go back:\n\n\`\`\`sh\naws lambda update-alias --function-name ${of.functionName} --name ${result.alias} --function-version ${result.previousVersion}\n\`\`\``,
    );
  return `${parts.join('\n\n')}\n`;
}
