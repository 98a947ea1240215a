import { jsonRpc } from '../http/json-rpc.ts';
import type { Service } from '../http/service.ts';
import { accountOperations } from './account-operations.ts';
import { EcrStore } from './ecr-store.ts';
import { imageOperations } from './images.ts';
import { createRegistry } from './registry/registry.ts';
import { repositoryOperations } from './repositories.ts';

/** ECR: its control plane, and the registry that docker and the like talk to. */
export interface Ecr {
  control: Service;
  registry: Service;
  store: EcrStore;
}

const twelveHoursMs = 12 * 60 * 60 * 1000;

/** Opens the repositories under `folder`. */
export function createEcr(folder: string, tokenLifetimeMs = twelveHoursMs): Ecr {
  const store = new EcrStore(folder);
  const operations = {
    ...repositoryOperations(store),
    ...imageOperations(store),
    ...accountOperations(store, tokenLifetimeMs),
  };
  return {
    store,
    control: jsonRpc('ecr', operations, 'InvalidParameterException'),
    registry: createRegistry(store),
  };
}
