import { type DeployResult, deployAll, diff, StaleCommit } from '@mainline/deploy';
import { defineAction } from '../lib/action.ts';
import { asDeployment } from '../lib/deployment-status.ts';
import {
  defaulted,
  flag,
  lines,
  oneOf,
  optional,
  pairs,
  required,
  shares,
  text,
  wholeNumber,
} from '../lib/inputs.ts';
import { summarise, summarisePlan } from './summary.ts';
import { readTargets } from './targets.ts';

/** The days that CloudWatch Logs can keep a group for. */
const retentions = '1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653'.split(
  ' ',
);

/** Image digest → published version → golden requests → alias. */
export const action = defineAction({
  name: 'deploy-lambda',
  inputs: {
    'function-name': required(text),
    image: required(text),
    alias: defaulted('live', lines),
    regions: optional(lines),
    golden: optional(lines),
    commit: optional(text),
    role: optional(text),
    memory: optional(wholeNumber(128, 10240)),
    timeout: optional(wholeNumber(1, 900)),
    architecture: optional(oneOf('x86_64', 'arm64')),
    'environment-variables': optional(pairs),
    'snap-start': optional(flag),
    'provisioned-concurrency': optional(wholeNumber(1, 100_000)),
    'log-retention': optional(oneOf(...retentions)),
    'url-auth': optional(oneOf('NONE', 'AWS_IAM')),
    shift: optional(shares),
    'bake-time': defaulted('60', wholeNumber(0, 86_400)),
    alarms: optional(lines),
    'keep-versions': optional(wholeNumber(1, 1000)),
    force: defaulted('false', flag),
    'dry-run': defaulted('false', flag),
    'github-token': optional(text),
    environment: optional(text),
  },
  outputs: ['version', 'alias', 'url', 'previous-version', 'changed', 'changes', 'results'],

  async perform(inputs, job) {
    const { targets, github, commit } = await readTargets(inputs, job);

    if (inputs.dryRun) {
      const plans = await Promise.all(targets.map(({ clients, request }) => diff(clients, request)));
      for (const line of plans.flat()) job.log(`would ${line}`);
      return {
        outputs: { changed: false, changes: plans.flat().join('\n') },
        summary: summarisePlan(targets, plans),
      };
    }

    const deployed = () => deployAll(targets, job.log);
    const environment = inputs.environment ?? inputs.alias.join(', ');
    const results =
      github && commit
        ? await asDeployment(
            github,
            { commit, environment, ...(job.github.runUrl && { logUrl: job.github.runUrl }) },
            deployed,
            {
              url: ([first]) => first?.url,
              isOvertaken: (error) => error instanceof StaleCommit,
              warn: job.warn,
            },
          )
        : await deployed();

    for (const result of results) job.log(sentence(result));
    return { outputs: outputs(results), summary: results.map(summarise).join('\n') };
  },
});

function outputs(results: DeployResult[]) {
  const [first] = results;
  return {
    version: first?.version,
    alias: first?.alias,
    url: first?.url,
    'previous-version': first?.previousVersion,
    changed: results.some(({ changed }) => changed),
    changes: results.flatMap(({ changes }) => changes).join('\n'),
    results: results.length > 1 ? JSON.stringify(results) : undefined,
  };
}

function sentence({ functionName, alias, changed, version, url }: DeployResult): string {
  return changed
    ? `${functionName}:${alias} serves version ${version}${url ? ` at ${url}` : ''}`
    : `Nothing to do: ${functionName}:${alias} serves this already, as version ${version}`;
}
