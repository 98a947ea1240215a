import { createHash } from 'node:crypto';
import { account, region } from '../identity.ts';
import type { Cors } from './cors.ts';

export type State = 'Pending' | 'Active' | 'Inactive' | 'Failed';
export type UpdateStatus = 'InProgress' | 'Successful' | 'Failed';

/** Why a state is what it is, in Lambda's codes. */
export interface Reason {
  code: string;
  message: string;
}

/** What runs: everything that makes one published version differ from another. */
export interface Code {
  packageType: 'Image' | 'Zip';
  role: string;
  /** The image as the caller named it, and the digest that name meant at that moment. */
  imageUri: string;
  repository: string;
  digest: string;
  architecture: 'x86_64' | 'arm64';
  memoryMb: number;
  timeoutSeconds: number;
  ephemeralMb: number;
  environment: Record<string, string>;
  command?: string[];
  entrypoint?: string[];
  workingDirectory?: string;
  logFormat: 'Text' | 'JSON';
  logGroup: string;
  tracing: 'PassThrough' | 'Active';
  /** Whether published versions start from a snapshot. */
  snapStart: boolean;
}

/** `$LATEST` or one published version. */
export interface Version extends Code {
  version: string;
  description: string;
  lastModified: string;
  revisionId: string;
  state: State;
  stateReason?: Reason;
  updateStatus?: UpdateStatus;
  updateReason?: Reason;
}

/** A name for a version, or for two of them with a weight on the second. */
export interface Alias {
  name: string;
  version: string;
  description: string;
  revisionId: string;
  /** Share of invocations (0–1) by further version. */
  weights: Record<string, number>;
}

/** A function URL; `qualifier` is an alias or `$LATEST`. */
export interface UrlConfig {
  id: string;
  qualifier: string;
  authType: 'NONE' | 'AWS_IAM';
  invokeMode: 'BUFFERED' | 'RESPONSE_STREAM';
  cors?: Cors;
  createdAt: string;
  lastModified: string;
}

/** One statement of a function's resource policy, and the qualifier it is attached to. */
export interface PolicyStatement {
  qualifier: string;
  id: string;
  action: string;
  principal: string;
  conditions: Record<string, Record<string, string>>;
}

/** Provisioned concurrency of a version or alias. */
export interface Provision {
  qualifier: string;
  requested: number;
  at: string;
}

/** A function as it is kept on disk. */
export interface LambdaFunction {
  name: string;
  latest: Version;
  /** What `$LATEST` runs while an update is in progress. */
  serving: Version;
  published: Version[];
  nextVersion: number;
  aliases: Alias[];
  urls: UrlConfig[];
  policy: PolicyStatement[];
  reservedConcurrency?: number;
  provisions: Provision[];
  tags: Record<string, string>;
}

/** The function's ARN, with a qualifier when given. */
export function functionArn(name: string, qualifier?: string): string {
  return `arn:aws:lambda:${region}:${account}:function:${name}${qualifier ? `:${qualifier}` : ''}`;
}

/** Equal for versions that run the same image in the same way: publishing such a one again makes no new version. */
export function fingerprint(version: Version): string {
  const { state, stateReason, updateStatus, updateReason, ...rest } = version;
  const { version: _, description, lastModified, revisionId, imageUri, ...code } = rest;
  const entries = Object.entries(code).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}
