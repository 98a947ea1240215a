import { RequestError } from './errors.ts';
import type { Golden } from './golden.ts';
import type { Pace } from './patience.ts';

/** How clients of a function URL sign in: NONE is the whole internet, AWS_IAM is signed requests. */
export type UrlAuth = 'NONE' | 'AWS_IAM';

/** How to make the function when there is none. */
export interface Creation {
  /** ARN of the role it runs as. */
  role: string;
  memoryMb: number;
  timeoutSeconds: number;
  architecture: 'x86_64' | 'arm64';
}

/** What should be live, and where. */
export interface DeployRequest {
  functionName: string;
  /** repository@sha256:…: a tag could move between here and Lambda. */
  image: string;
  alias: string;
  /** Asked of the new version before it gets traffic. */
  golden?: Golden;
  commit?: string;
  /** The version in the bundle's manifest; the new version must name it in its answers. */
  modelVersion?: string;
  create?: Creation;
  /** Opens a function URL on the alias. */
  urlAuth?: UrlAuth;
  pace?: Partial<Pace>;
  signal?: AbortSignal;
}

/** The digest of a request's image. @throws RequestError for a tag, or names Lambda doesn't allow */
export function checkRequest(request: DeployRequest): string {
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(request.functionName))
    throw new RequestError(
      `"${request.functionName}" can't be a function's name`,
      'It has 1 to 64 letters, digits, - and _; the region and the account come from the credentials.',
    );
  if (!/^(?!\d+$)[a-zA-Z0-9-_]{1,128}$/.test(request.alias))
    throw new RequestError(
      `"${request.alias}" can't be an alias's name`,
      'It has 1 to 128 letters, digits, - and _, and is not a number.',
    );
  const digest = request.image.match(/^[^@\s]+@(sha256:[0-9a-f]{64})$/)?.[1];
  if (!digest)
    throw new RequestError(
      `"${request.image}" does not name an image by digest`,
      'Give repository@sha256:…, which is the output "image" of push-ecr: a tag can move while it is being deployed.',
    );
  return digest;
}
