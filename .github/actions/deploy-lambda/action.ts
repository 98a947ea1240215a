import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deploy, lambdaClient, parseGolden } from '@mainline/deploy';
import { defineAction } from '../lib/action.ts';
import { defaulted, oneOf, optional, required, text, wholeNumber } from '../lib/inputs.ts';
import { readModelName } from '../lib/model-name.ts';
import { readJson } from '../lib/read-json.ts';
import { summarise } from './summary.ts';

/** Image digest → published version → golden requests → alias. */
export const action = defineAction({
  name: 'deploy-lambda',
  inputs: {
    'function-name': required(text),
    image: required(text),
    alias: defaulted('live', text),
    golden: optional(text),
    commit: optional(text),
    role: optional(text),
    memory: defaulted('1024', wholeNumber(128, 10240)),
    timeout: defaulted('30', wholeNumber(1, 900)),
    architecture: defaulted('x86_64', oneOf('x86_64', 'arm64')),
    'url-auth': optional(oneOf('NONE', 'AWS_IAM')),
  },
  outputs: ['version', 'alias', 'url', 'previous-version', 'changed'],

  async perform(inputs, job) {
    const { functionName, image, alias, role, memory, timeout, architecture, urlAuth } = inputs;
    const golden = inputs.golden && parseGolden(await readJson(inputs.golden));
    const modelVersion = inputs.golden && (await modelVersionBeside(inputs.golden));
    const commit = inputs.commit ?? job.github.sha;

    const result = await deploy(
      { lambda: lambdaClient() },
      {
        functionName,
        image,
        alias,
        signal: job.signal,
        ...(golden && { golden }),
        ...(commit && { commit }),
        ...(modelVersion && { modelVersion }),
        ...(role && { create: { role, memoryMb: memory, timeoutSeconds: timeout, architecture } }),
        ...(urlAuth && { urlAuth }),
      },
      job.log,
    );

    job.log(
      result.changed
        ? `${functionName}:${alias} serves version ${result.version}${result.url ? ` at ${result.url}` : ''}`
        : `Nothing to do: ${functionName}:${alias} serves this image already, as version ${result.version}`,
    );
    return {
      outputs: {
        version: result.version,
        alias: result.alias,
        url: result.url,
        'previous-version': result.previousVersion,
        changed: result.changed,
      },
      summary: summarise(result, { functionName, commit, modelVersion }),
    };
  },
});

/** The version in the manifest of the bundle that a golden.json belongs to, if it belongs to one. */
async function modelVersionBeside(golden: string): Promise<string | undefined> {
  const bundle = dirname(golden);
  return existsSync(join(bundle, 'manifest.json')) ? (await readModelName(bundle)).version : undefined;
}
