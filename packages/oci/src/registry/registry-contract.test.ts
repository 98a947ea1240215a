import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { startDockerRegistry } from '../../test/docker-registry.ts';
import { hasLocalAws, startLocalAws } from '../../test/local-aws.ts';
import { has } from '../../test/programs.ts';
import { registryContract } from '../../test/registry-contract.ts';
import { makeCertificate, noTls, outsideAddress } from '../../test/tls.ts';

registryContract(
  'docker-registry',
  has('docker-registry') ? undefined : 'skipped: docker-registry is not installed',
  startDockerRegistry,
);

const withoutTls =
  noTls ?? (has('docker-registry') ? undefined : 'skipped: docker-registry is not installed');
registryContract('docker-registry over TLS', withoutTls, async () => {
  const address = outsideAddress!;
  const certificate = makeCertificate(address);
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, certificate.pem]);
  const server = await startDockerRegistry({ address, tls: certificate });
  return {
    ...server,
    async close() {
      await server.close();
      setDefaultCACertificates(trusted);
      certificate.remove();
    },
  };
});

registryContract(
  'local-aws',
  hasLocalAws ? undefined : 'skipped: packages/local-aws is not there',
  startLocalAws,
);
