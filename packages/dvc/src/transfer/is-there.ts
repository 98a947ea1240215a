import { type Store, StoreError } from '../stores/store.ts';
import { retry } from './retry.ts';

/** Whether a remote has an object. Who may not list gets 403 for what is not there: that counts as absent, and a PUT decides. */
export async function isThere(store: Store, key: string): Promise<boolean> {
  try {
    return (await retry(() => store.size(key))) !== undefined;
  } catch (error) {
    if (error instanceof StoreError && error.status === 403) return false;
    throw error;
  }
}
