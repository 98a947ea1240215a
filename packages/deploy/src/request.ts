import type { Pace } from './aws/patience.ts';
import { RequestError } from './errors.ts';
import type { Golden } from './golden.ts';

/** How clients of a function URL sign in: NONE is the whole internet, AWS_IAM is signed requests. */
export type UrlAuth = 'NONE' | 'AWS_IAM';

/** What a function should be configured as; what is left out stays as it is. */
export interface Configuration {
  /** ARN of the role it runs as; needed to create the function. */
  role?: string;
  memoryMb?: number;
  timeoutSeconds?: number;
  architecture?: 'x86_64' | 'arm64';
  /** Variables to set; the others stay. */
  environment?: Record<string, string>;
  /** Start published versions from a snapshot; the image must say that it can. */
  snapStart?: boolean;
}

/** How traffic moves to a new version, and who may stop it. */
export interface Shift {
  /** Shares of traffic for the new version, in order, each above 0 and below 1; all of it comes after. */
  weights: number[];
  /** How long each share is watched. */
  bakeMs: number;
  /** CloudWatch alarms that end it: one in ALARM, and the alias goes back. */
  alarms?: string[];
  /** How often the alarms are read and the golden requests are asked again while baking; 10 s if left out. */
  watchEveryMs?: number;
}

/** Which alias of which function. */
export interface Place {
  functionName: string;
  alias: string;
}

/** What should be live, and where. */
export interface DeployRequest extends Place {
  /** repository@sha256:…: a tag could move between here and Lambda. */
  image: string;
  /** Asked of the new version before it gets traffic. */
  golden?: Golden;
  commit?: string;
  /** The version in the bundle's manifest; the new version must name it in its answers. */
  modelVersion?: string;
  /** How good the model is, for status to tell: accuracy, mcc. */
  metrics?: Record<string, number>;
  configuration?: Configuration;
  /** Days that the function's logs are kept. */
  logRetentionDays?: number;
  /** Opens a function URL on the alias. */
  urlAuth?: UrlAuth;
  shift?: Shift;
  /** Workers kept warm for the new version. */
  provisionedConcurrency?: number;
  /** Versions to keep; older ones that no alias uses are deleted after a deploy. */
  keepVersions?: number;
  /** Whether a commit came before another one; an older one must not replace a newer one. */
  isOlder?: (commit: string, than: string) => Promise<boolean>;
  /** Deploy even if the commit is older than the live one. */
  force?: boolean;
  pace?: Partial<Pace>;
  signal?: AbortSignal;
}

/** Throws for a place whose names Lambda can't have. @throws RequestError */
export function checkPlace({ functionName, alias }: Place): void {
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(functionName))
    throw new RequestError(
      `"${functionName}" can't be a function's name`,
      'It has 1 to 64 letters, digits, - and _; the region and the account come from the credentials.',
    );
  if (!/^(?!\d+$)[a-zA-Z0-9-_]{1,128}$/.test(alias))
    throw new RequestError(
      `"${alias}" can't be an alias's name`,
      'It has 1 to 128 letters, digits, - and _, and is not a number.',
    );
}

/** The digest of a request's image. @throws RequestError for a tag, or anything else that can't be deployed */
export function checkRequest(request: DeployRequest): string {
  checkPlace(request);
  for (const weight of request.shift?.weights ?? [])
    if (!(weight > 0 && weight < 1))
      throw new RequestError(
        `${weight} can't be a share of traffic on the way`,
        'Give shares above 0 and below 1, such as 0.1; the whole comes last by itself.',
      );
  for (const word of [request.commit, request.modelVersion])
    if (word !== undefined && !/^[\w.+-]{1,64}$/.test(word))
      throw new RequestError(
        `"${word}" can't be a commit or a model's version`,
        'It becomes a part of the description of the version: up to 64 letters, digits, ., _, + and -.',
      );
  const digest = request.image.match(/^[^@\s]+@(sha256:[0-9a-f]{64})$/)?.[1];
  if (!digest)
    throw new RequestError(
      `"${request.image}" does not name an image by digest`,
      'Give repository@sha256:…, which is the output "image" of push-ecr: a tag can move while it is being deployed.',
    );
  return digest;
}
