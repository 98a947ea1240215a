import { AwsError } from '../../errors.ts';
import { functionArn, type LambdaFunction, type Provision } from '../function.ts';
import { type Operation, type Request, reply, target } from '../request.ts';
import { resolveQualifier } from '../target.ts';

const invalid = (message: string) => new AwsError('InvalidParameterValueException', message);

function published(request: Request): { fn: LambdaFunction; qualifier: string } {
  const { fn, qualifier } = target(request);
  if (qualifier === undefined || qualifier === '$LATEST')
    throw invalid('Provisioned Concurrency Configs cannot be applied to unpublished function versions.');
  resolveQualifier(fn, qualifier);
  return { fn, qualifier };
}

function describe({ requested, at }: Provision, provisionMs: number): object {
  const isReady = Date.now() >= Date.parse(at) + provisionMs;
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: isReady ? requested : 0,
    AllocatedProvisionedConcurrentExecutions: isReady ? requested : 0,
    Status: isReady ? 'READY' : 'IN_PROGRESS',
    LastModified: at,
  };
}

function find(fn: LambdaFunction, qualifier: string): Provision {
  const found = fn.provisions.find((one) => one.qualifier === qualifier);
  if (!found)
    throw new AwsError(
      'ProvisionedConcurrencyConfigNotFoundException',
      'No Provisioned Concurrency Config found for this function',
      404,
    );
  return found;
}

/** PutProvisionedConcurrencyConfig: of a version or an alias. What it changes on Lambda is latency, so here it is only kept. */
export const putProvisioned: Operation = (request) => {
  const { context, input } = request;
  const { fn, qualifier } = published(request);
  const requested = input.optionalNumber('ProvisionedConcurrentExecutions') ?? 0;
  if (requested < 1) throw invalid('ProvisionedConcurrentExecutions must be at least 1.');
  if (resolveQualifier(fn, qualifier).snapStart)
    throw invalid('ProvisionedConcurrency is not supported for functions enabled with SnapStart.');
  const provision: Provision = { qualifier, requested, at: new Date().toISOString() };
  const others = fn.provisions.filter((one) => one.qualifier !== qualifier);
  context.store.save({ ...fn, provisions: [...others, provision] });
  return reply(202, describe(provision, context.delays.provisionMs));
};

/** GetProvisionedConcurrencyConfig, or with `List=ALL` ListProvisionedConcurrencyConfigs. */
export const getProvisioned: Operation = (request) => {
  const { provisionMs } = request.context.delays;
  if (request.call.query.get('List') === 'ALL') {
    const { fn } = target(request);
    return reply(200, {
      ProvisionedConcurrencyConfigs: fn.provisions.map((one) => ({
        FunctionArn: functionArn(fn.name, one.qualifier),
        ...describe(one, provisionMs),
      })),
    });
  }
  const { fn, qualifier } = published(request);
  return reply(200, describe(find(fn, qualifier), provisionMs));
};

/** DeleteProvisionedConcurrencyConfig. */
export const deleteProvisioned: Operation = (request) => {
  const { fn, qualifier } = published(request);
  const provisions = fn.provisions.filter((one) => one.qualifier !== qualifier);
  request.context.store.save({ ...fn, provisions });
  return reply(204);
};
