import { startDockerRegistry } from '../../test/docker-registry.ts';
import { has } from '../../test/programs.ts';
import { registryContract } from '../../test/registry-contract.ts';

registryContract(
  'docker-registry',
  has('docker-registry') ? undefined : 'skipped: docker-registry is not installed',
  startDockerRegistry,
);
