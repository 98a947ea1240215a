export { type DeployResult, deploy } from './deploy.ts';
export * from './errors.ts';
export { type Golden, type GoldenAnswer, type GoldenCase, parseGolden } from './golden.ts';
export { lambdaClient } from './lambda-client.ts';
export { defaultPace, type Pace } from './patience.ts';
export type { Creation, DeployRequest, UrlAuth } from './request.ts';
export { formatStamp, parseStamp, type Stamp } from './stamp.ts';
