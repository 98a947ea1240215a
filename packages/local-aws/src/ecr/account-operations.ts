import { AwsError } from '../errors.ts';
import type { Operation } from '../http/json-rpc.ts';
import { account } from '../identity.ts';
import type { EcrStore } from './ecr-store.ts';

/** ECR's operations on the registry itself: sign-in, settings, and which layers are there already. */
export function accountOperations(store: EcrStore, tokenLifetimeMs: number): Record<string, Operation> {
  return {
    GetAuthorizationToken(_input, call) {
      const expiresAt = new Date(Date.now() + tokenLifetimeMs);
      const token = Buffer.from(`AWS:${store.tokens.issue(expiresAt)}`).toString('base64');
      return {
        authorizationData: [
          {
            authorizationToken: token,
            expiresAt: expiresAt.getTime() / 1000,
            proxyEndpoint: call.origin,
          },
        ],
      };
    },
    DescribeRegistry: () => ({ registryId: account, replicationConfiguration: { rules: [] } }),
    GetAccountSetting(input) {
      const name = input.text('name');
      return { name, value: store.setting(name) ?? 'DISABLED' };
    },
    PutAccountSetting(input) {
      const [name, value] = [input.text('name'), input.text('value')];
      if (!['BLOB_MOUNTING', 'BASIC_SCAN_TYPE_VERSION', 'REGISTRY_POLICY_SCOPE'].includes(name))
        throw new AwsError('InvalidParameterException', `There is no account setting ${name}`);
      store.setSetting(name, value);
      return { name, value };
    },
    BatchCheckLayerAvailability(input) {
      const { blobs } = store.get(input.text('repositoryName'));
      const digests = input.optionalTexts('layerDigests') ?? [];
      return {
        layers: digests.map((layerDigest) =>
          Object.hasOwn(blobs, layerDigest)
            ? { layerDigest, layerAvailability: 'AVAILABLE', layerSize: blobs[layerDigest] }
            : { layerDigest, layerAvailability: 'UNAVAILABLE' },
        ),
        failures: [],
      };
    },
    GetDownloadUrlForLayer(input, call) {
      const [name, layerDigest] = [input.text('repositoryName'), input.text('layerDigest')];
      if (!Object.hasOwn(store.get(name).blobs, layerDigest))
        throw new AwsError(
          'LayersNotFoundException',
          `The layer with digest '${layerDigest}' does not exist`,
        );
      return { downloadUrl: `${call.origin}/v2/${name}/blobs/${layerDigest}`, layerDigest };
    },
  };
}
