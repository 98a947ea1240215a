export {
  BadArguments,
  CheckoutFailed,
  ConfigError,
  CorruptObject,
  DvcError,
  InvalidFile,
  MissingObject,
  NotARepository,
  RepositoryLocked,
  TransferFailed,
  UnknownTarget,
  UnsavedFiles,
  Unsupported,
} from './errors.ts';
export { type Store, StoreError } from './stores/store.ts';
export { type Added, type AddOptions, add } from './verbs/add.ts';
export { type CheckoutOptions, type CheckoutResult, checkout } from './verbs/checkout.ts';
export { type CloudState, cloudStatus } from './verbs/cloud-status.ts';
export { type CommitOptions, commit } from './verbs/commit.ts';
export { type FetchOptions, type FetchResult, fetch } from './verbs/fetch.ts';
export { type Identity, identify } from './verbs/identify.ts';
export { type PullOptions, type PullResult, pull } from './verbs/pull.ts';
export { type Lost, type PushOptions, type PushResult, push } from './verbs/push.ts';
export { type Status, status } from './verbs/status.ts';
export type { DataState } from './workspace/record.ts';
export { openRepo, type Repo } from './workspace/repo.ts';
