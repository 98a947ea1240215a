import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { awsClients, type DeployRequest, mergeGolden, parseGolden, type Target } from '@mainline/deploy';
import type { Job } from '../lib/action.ts';
import { isAncestor } from '../lib/commit-order.ts';
import { type GitHub, github } from '../lib/github-api.ts';
import type { Inputs } from '../lib/inputs.ts';
import { readModel } from '../lib/model.ts';
import { readJson } from '../lib/read-json.ts';
import type { action } from './action.ts';

/** What the inputs of a deploy-lambda step come to: one target per region and alias. */
export interface Parsed {
  targets: Target[];
  github: GitHub | undefined;
  commit: string | undefined;
}

/** Reads the files that inputs name, and multiplies regions by aliases. */
export async function readTargets(inputs: Inputs<typeof action.inputs>, job: Job): Promise<Parsed> {
  const { functionName, image, golden = [], githubToken, regions = [] } = inputs;
  const goldens = await Promise.all(golden.map(async (path) => parseGolden(await readJson(path))));
  const model = golden[0] === undefined ? undefined : await modelBeside(golden[0]);
  const commit = inputs.commit ?? job.github.sha;
  const { repository, apiUrl, workspace } = job.github;
  if (githubToken) job.mask(githubToken);
  const api = githubToken && repository ? github({ apiUrl, repository, token: githubToken }) : undefined;

  const request: Omit<DeployRequest, 'alias' | 'image'> = {
    functionName,
    signal: job.signal,
    force: inputs.force,
    configuration: configuration(inputs),
    isOlder: async (next, live) => {
      const known = await isAncestor(next, live, { workspace, github: api });
      if (known === undefined)
        job.log(
          `Whether ${next} is older than ${live}, which is live, can't be told here; fetch-depth: 0 or github-token would`,
        );
      return known ?? false;
    },
    ...(goldens.length > 0 && { golden: mergeGolden(goldens) }),
    ...(commit && { commit }),
    ...(model && { modelVersion: model.version, metrics: model.metrics }),
    ...(inputs.logRetention && { logRetentionDays: Number(inputs.logRetention) }),
    ...(inputs.urlAuth && { urlAuth: inputs.urlAuth }),
    ...(inputs.provisionedConcurrency && { provisionedConcurrency: inputs.provisionedConcurrency }),
    ...(inputs.keepVersions && { keepVersions: inputs.keepVersions }),
    ...(inputs.shift && {
      shift: { weights: inputs.shift, bakeMs: inputs.bakeTime * 1000, alarms: inputs.alarms ?? [] },
    }),
  };
  const places = regions.length > 0 ? regions : [undefined];
  return {
    commit,
    github: api,
    targets: places.flatMap((region) => {
      const clients = awsClients(region ? { region } : {});
      return inputs.alias.map((alias) => ({
        clients,
        request: { ...request, alias, image: region ? inRegion(image, region) : image },
      }));
    }),
  };
}

/** Lambda pulls from its own region only, where ECR's replication has put the same digest. */
function inRegion(image: string, region: string): string {
  return image.replace(/(\.dkr\.ecr\.)[a-z0-9-]+(\.amazonaws\.)/, `$1${region}$2`);
}

function configuration(inputs: Inputs<typeof action.inputs>): NonNullable<DeployRequest['configuration']> {
  const { role, memory, timeout, architecture, environmentVariables, snapStart } = inputs;
  return {
    ...(role && { role }),
    ...(memory && { memoryMb: memory }),
    ...(timeout && { timeoutSeconds: timeout }),
    ...(architecture && { architecture }),
    ...(environmentVariables && { environment: environmentVariables }),
    ...(snapStart !== undefined && { snapStart }),
  };
}

/** What the manifest of the bundle says that a golden.json belongs to, if it belongs to one. */
async function modelBeside(golden: string) {
  const bundle = dirname(golden);
  return existsSync(join(bundle, 'manifest.json')) ? await readModel(bundle) : undefined;
}
