import type { Clients } from './aws/clients.ts';
import { patientLambda } from './aws/lambda.ts';
import { defaultPace, type Pace, startPatience } from './aws/patience.ts';
import { lookAtLive } from './live.ts';
import { checkPlace, type Place } from './request.ts';
import type { Stamp } from './stamp.ts';
import { describeUrl } from './steps/open-url.ts';

/** What is live: the version, since when, from which commit and model, how good, and what it would roll back to. */
export interface Status extends Stamp, Place {
  version: string;
  /** A version that gets a share of the traffic: a deploy is shifting it, or was cut off doing so. */
  shifting?: { version: string; weight: number };
  /** Lambda's state of the version, or Missing if somebody deleted it. */
  state: string;
  url?: string;
}

/** Tells what an alias serves; undefined when there is no such function or alias. */
export async function status(
  { lambda }: Clients,
  request: Place & { pace?: Partial<Pace> },
): Promise<Status | undefined> {
  checkPlace(request);
  const { functionName, alias } = request;
  const patient = patientLambda(lambda, startPatience({ ...defaultPace, ...request.pace }));
  const live = await lookAtLive(patient, request);
  if (!live) return undefined;
  const url = await describeUrl(patient, request);
  return {
    ...live.stamp,
    functionName,
    alias,
    version: live.alias.version,
    ...(live.alias.extra && { shifting: live.alias.extra }),
    ...(live.version?.digest && { digest: live.version.digest }),
    state: live.version?.state ?? 'Missing',
    ...(url && { url: url.url }),
  };
}
