import { startDockerRegistry } from '../../test/docker-registry.ts';
import { hasLocalAws, startLocalAws } from '../../test/local-aws.ts';
import { has } from '../../test/programs.ts';
import { registryContract } from '../../test/registry-contract.ts';

registryContract(
  'docker-registry',
  has('docker-registry') ? undefined : 'skipped: docker-registry is not installed',
  startDockerRegistry,
);

registryContract(
  'local-aws',
  hasLocalAws ? undefined : 'skipped: packages/local-aws is not there',
  startLocalAws,
);
