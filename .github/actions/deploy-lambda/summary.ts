import type { DeployResult, Target } from '@mainline/deploy';
import { code, duration, shortDigest, table } from '../lib/summary.ts';

/** The job summary of a deploy: what is live now, what changed, how it answered, and how to go back. */
export function summarise(result: DeployResult): string {
  const { functionName, alias, changed, changes, version, live, previous, previousVersion } = result;
  const name = code(`${functionName}:${alias}`);
  const row = (what: string, now: string | undefined, before: string | undefined) =>
    now || before ? [[what, now ?? '', ...(previousVersion ? [before ?? ''] : [])]] : [];
  const parts = [
    changed ? `### 🚀 ${name} is live` : `### ✅ ${name} was live already`,
    table(
      ['', 'Live now', ...(previousVersion ? ['Before'] : [])],
      [
        ...row('Version', version, previousVersion),
        ...row('Image', shortDigest(result.digest), previous?.digest && shortDigest(previous.digest)),
        ...row('Model', live.model && code(live.model), previous?.model && code(previous.model)),
        ...row(
          'Commit',
          live.commit && code(live.commit.slice(0, 12)),
          previous?.commit && code(previous.commit.slice(0, 12)),
        ),
        ...Object.entries(live.metrics ?? {}).flatMap(([metric, value]) =>
          row(metric, value.toFixed(4), previous?.metrics?.[metric]?.toFixed(4)),
        ),
        ...row('URL', result.url, undefined),
      ],
    ),
  ];
  if (changes.length > 0) parts.push(changes.map((line) => `- ${line}`).join('\n'));
  if (result.golden.length > 0) parts.push(answered(result.golden));
  if (result.pruned.length > 0) parts.push(`Deleted old versions: ${result.pruned.join(', ')}.`);
  if (changed && previousVersion)
    parts.push(
      `To go back: revert the commit that moved the model, run the rollback action, or\n\n\`\`\`sh\naws lambda update-alias --function-name ${functionName} --name ${alias} --function-version ${previousVersion} --routing-config AdditionalVersionWeights={}\n\`\`\``,
    );
  return `${parts.join('\n\n')}\n`;
}

/** The job summary of a dry run. */
export function summarisePlan(targets: Target[], plans: string[][]): string {
  const parts = targets.map(({ request }, index) => {
    const changes = plans[index] ?? [];
    const name = code(`${request.functionName}:${request.alias}`);
    return changes.length === 0
      ? `### ✅ ${name} is as it should be`
      : `### 📝 ${name} would change\n\n${changes.map((line) => `- ${line}`).join('\n')}`;
  });
  return `${parts.join('\n\n')}\n`;
}

function answered(golden: DeployResult['golden']): string {
  const sorted = golden.map(({ ms }) => ms).sort((a, b) => a - b);
  const init = golden.find(({ initMs }) => initMs !== undefined)?.initMs;
  const cold = init === undefined ? '' : `; a cold start took ${duration(init)} to initialise`;
  return `${golden.length} golden requests answered as recorded, in ${duration(sorted[Math.floor(sorted.length / 2)] ?? 0)} in the middle and ${duration(sorted.at(-1) ?? 0)} at most${cold}.`;
}
