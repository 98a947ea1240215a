export { type Added, type AddOptions, add } from './add.ts';
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
export { type PullOptions, type PullResult, pull } from './pull.ts';
export { type PushOptions, type PushResult, push } from './push.ts';
export { openRepo, type Repo } from './repo.ts';
export { type OutState, type Status, status } from './status.ts';
export { type Store, StoreError } from './store.ts';
