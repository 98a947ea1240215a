import type { LambdaClient } from '@aws-sdk/client-lambda';
import { describeFunction, type FunctionState } from './describe-function.ts';
import { DigestMismatch, FunctionIsZip, LostRace } from './errors.ts';
import type { GoldenAnswer } from './golden.ts';
import { defaultPace, type Lambda, patient } from './patience.ts';
import { checkRequest, type DeployRequest } from './request.ts';
import { formatStamp } from './stamp.ts';
import { askGolden } from './steps/ask-golden.ts';
import { createFunction } from './steps/create-function.ts';
import { describeAlias, moveAlias } from './steps/move-alias.ts';
import { openUrl } from './steps/open-url.ts';
import { publishVersion } from './steps/publish-version.ts';
import { checkSettled, settle } from './steps/settle.ts';
import { updateCode } from './steps/update-code.ts';

/** What is live now, and how it got there. */
export interface DeployResult {
  /** False: the image was live already and nothing was touched. */
  changed: boolean;
  version: string;
  /** What the alias pointed at before, when it was there and moved. */
  previousVersion?: string;
  alias: string;
  url?: string;
  digest: string;
  golden: GoldenAnswer[];
  steps: { name: string; ms: number }[];
}

type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/**
 * Makes an image the live version of a function, or changes nothing that serves. Idempotent by digest. When
 * something else changes the function meanwhile it starts over, a few times.
 * @throws DeployError with a hint; the alias then serves what it served before
 */
export async function deploy(
  clients: { lambda: LambdaClient },
  request: DeployRequest,
  log: (line: string) => void = () => {},
): Promise<DeployResult> {
  const digest = checkRequest(request);
  const lambda = patient(clients.lambda, { ...defaultPace, ...request.pace }, request.signal);
  const steps: DeployResult['steps'] = [];
  const step: Step = async (name, work) => {
    const started = performance.now();
    const result = await work();
    steps.push({ name, ms: performance.now() - started });
    log(`${name} (${Math.round(performance.now() - started)} ms)`);
    return result;
  };

  for (let round = 1; ; round++) {
    try {
      return { ...(await transaction(lambda, request, digest, step)), steps };
    } catch (error) {
      if (!(error instanceof LostRace) || round === 5) throw error;
      log(`${error.message}: starting over`);
    }
  }
}

async function transaction(
  lambda: Lambda,
  request: DeployRequest,
  digest: string,
  step: Step,
): Promise<Omit<DeployResult, 'steps'>> {
  const { functionName, alias, golden, commit, modelVersion, urlAuth } = request;
  const openTheUrl = async () =>
    urlAuth && { url: await step('open the function URL', () => openUrl(lambda, request, urlAuth)) };

  const before = await step('look at what is live', async () => {
    const live = await describeAlias(lambda, functionName, alias);
    return live && { ...live, digest: (await describeFunction(lambda, functionName, live.version))?.digest };
  });
  if (before?.digest === digest && !before.extra)
    return { changed: false, version: before.version, alias, digest, golden: [], ...(await openTheUrl()) };

  const found = await step('wait until the function can be updated', () => readyFunction(lambda, request));
  const updated = await step('update the code', () => updateCode(lambda, request, digest, found));
  const version = await step('publish a version', () => publishVersion(lambda, request, digest, updated));
  const answers = golden
    ? await step('ask the golden requests', () =>
        askGolden(lambda, { functionName, version, ...(modelVersion && { modelVersion }) }, golden),
      )
    : [];
  const description = formatStamp({
    digest,
    ...(commit && { commit }),
    ...(modelVersion && { model: modelVersion }),
  });
  await step('move the alias', () =>
    moveAlias(lambda, { functionName, alias, version, description }, before),
  );
  await step('verify', async () => {
    const now = await describeAlias(lambda, functionName, alias);
    if (now?.version !== version)
      throw new DigestMismatch(
        `${functionName}:${alias} points at version ${now?.version}, not at ${version} as just asked`,
        'Something else moved it since. Give the workflow a concurrency group, and run this step again.',
      );
  });
  return {
    changed: true,
    version,
    ...(before && { previousVersion: before.version }),
    alias,
    digest,
    golden: answers,
    ...(await openTheUrl()),
  };
}

/** The function with nothing under way, created if need be. @throws FunctionIsZip, UpdateFailed */
async function readyFunction(lambda: Lambda, request: DeployRequest): Promise<FunctionState> {
  const { functionName } = request;
  if (!(await describeFunction(lambda, functionName))) {
    await createFunction(lambda, request);
    checkSettled(await settle(lambda, functionName), `The creation of ${functionName}`);
  }
  const found = await settle(lambda, functionName);
  if (found.packageType !== 'Image')
    throw new FunctionIsZip(
      `${functionName} was made from a ${found.packageType.toLowerCase()} file, and Lambda can't turn it into one made from an image`,
      'Choose another function-name, or delete the function first (its URL and triggers go with it).',
    );
  return found;
}
