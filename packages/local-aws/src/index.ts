export { AwsError, DataInUseError, PortTakenError, StateError } from './errors.ts';
export { type LocalAws, type LocalAwsOptions, startLocalAws } from './start-local-aws.ts';
