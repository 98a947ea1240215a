import { AwsError } from './errors.ts';
import type { Call, Reply } from './http/call.ts';
import { credentialScope } from './http/credential-scope.ts';
import { answer, type Gate, type Service } from './http/service.ts';
import { verifySignature } from './http/verify-signature.ts';
import { accessKeyId, secretAccessKey } from './identity.ts';
import { isFunctionUrl } from './lambda/function-url.ts';
import { isPage } from './page/page.ts';

const secretOf = (id: string) => (id === accessKeyId ? secretAccessKey : undefined);

/** Finds the service a request is for: by its signature's scope, or by its path where none is needed. */
export function createRouter(
  services: Service[],
  registry: Service,
  page: Service,
  gate: Gate,
): (call: Call) => Promise<Reply> {
  const byName = new Map(services.map((service) => [service.name, service]));
  const signed: Gate = { ...gate, admit: (service, call) => verifySignature(call, service.name, secretOf) };
  const lambda = byName.get('lambda');

  return async (call) => {
    const scope = credentialScope(call);
    if (lambda && !scope && isFunctionUrl(call.rawPath)) return answer(lambda, call, gate);
    if (!scope && isPage(call)) return answer(page, call, gate);
    if (!scope && /^\/v2(\/|$)/.test(call.rawPath)) return answer(registry, call, gate);
    const service = scope ? byName.get(scope.service) : unsignedService(call, byName);
    return service ? answer(service, call, signed) : unknownService(scope?.service);
  };
}

/** Whose words the refusal of an unsigned request is in: by the signs that the protocols leave in it. */
function unsignedService(call: Call, services: Map<string, Service>): Service | undefined {
  if (typeof call.headers['x-amz-target'] === 'string') return services.get('ecr');
  if (/^\/20\d\d-\d\d-\d\d\//.test(call.rawPath)) return services.get('lambda');
  return services.get('s3');
}

function unknownService(name: string | undefined): Reply {
  const { code, message } = new AwsError('UnknownService', `Local AWS has no service ${name}`);
  return {
    status: 404,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code },
    body: JSON.stringify({ __type: code, message }),
  };
}
