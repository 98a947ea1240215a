import {
  type Call,
  digestOf,
  type LambdaFunction,
  type LambdaModel,
  Refusal,
  type Reply,
  type Version,
} from './lambda-model.ts';

/** What Lambda, CloudWatch and CloudWatch Logs do for each call that deploy makes. */
export const operations: Record<string, (model: LambdaModel, call: Call) => Reply> = {
  GetFunction(model, { functionName, qualifier }) {
    const fn = model.find(functionName);
    const of = model.version(fn, qualifier);
    const code = fn.packageType === 'Image' ? { ImageUri: of.image, ResolvedImageUri: of.image } : {};
    return ok({ Configuration: describe(model, fn, of), Code: code });
  },
  CreateFunction(model, { body }) {
    const name = String(body.FunctionName);
    if (model.functions.has(name))
      throw new Refusal(409, 'ResourceConflictException', `Function already exist: ${name}`);
    const fn: LambdaFunction = {
      name,
      packageType: String(body.PackageType),
      latest: {
        version: '$LATEST',
        image: model.checkImage(member(body.Code, 'ImageUri')),
        configuration: configurationOf(body),
        description: '',
        readyAt: 0,
        inactive: false,
        provisioned: undefined,
      },
      lastUpdate: { status: 'InProgress', doneAt: model.now + model.delay },
      state: 'Pending',
      revision: model.nextRevision(),
      versions: [],
      published: 0,
      lastPublished: '',
      aliases: new Map(),
      urls: new Map(),
      policy: new Set(),
    };
    model.functions.set(name, fn);
    return ok(describe(model, fn, fn.latest), 201);
  },
  UpdateFunctionCode(model, { functionName, body }) {
    const fn = change(model, functionName, body);
    fn.latest.image = model.checkImage(body.ImageUri);
    Object.assign(fn.latest.configuration, body.Architectures ? { Architectures: body.Architectures } : {});
    return begin(model, fn);
  },
  UpdateFunctionConfiguration(model, { functionName, body }) {
    const fn = change(model, functionName, body);
    fn.latest.configuration = { ...fn.latest.configuration, ...configurationOf(body) };
    return begin(model, fn);
  },
  PublishVersion(model, { functionName, body }) {
    const fn = change(model, functionName, body);
    const snapshot = JSON.stringify([fn.latest.image, fn.latest.configuration]);
    const last = fn.versions.at(-1);
    if (last && fn.lastPublished === snapshot) return ok(describe(model, fn, last), 201);
    fn.lastPublished = snapshot;
    const version = {
      ...fn.latest,
      configuration: { ...fn.latest.configuration },
      version: String(++fn.published),
      description: String(body.Description ?? ''),
      readyAt: model.now + model.delay,
    };
    fn.versions.push(version);
    fn.revision = model.nextRevision();
    return ok(describe(model, fn, version), 201);
  },
  ListVersionsByFunction(model, { functionName }) {
    const fn = model.find(functionName);
    return ok({ Versions: [fn.latest, ...fn.versions].map((version) => describe(model, fn, version)) });
  },
  DeleteFunction(model, { functionName, qualifier }) {
    const fn = model.find(functionName);
    const users = [...fn.aliases].filter(
      ([, { version, weights }]) => version === qualifier || Object.hasOwn(weights, String(qualifier)),
    );
    if (users.length > 0)
      throw new Refusal(
        409,
        'ResourceConflictException',
        `Unable to delete version because the following aliases reference it: [${users.map(([name]) => name)}]`,
      );
    fn.versions = fn.versions.filter(({ version }) => version !== qualifier);
    return { status: 204, body: undefined };
  },
  Invoke(model, { functionName, qualifier, body }) {
    const fn = model.find(functionName);
    const of = model.version(fn, qualifier);
    if (of.inactive) Object.assign(of, { inactive: false, readyAt: model.now + model.delay });
    if (model.now < of.readyAt)
      throw new Refusal(
        409,
        'ResourceConflictException',
        'The operation cannot be performed at this time. The function is currently in the following state: Pending',
      );
    const report = 'REPORT RequestId: 1\tDuration: 2.50 ms\tInit Duration: 41.25 ms\n';
    try {
      return ok(model.images.get(digestOf(of.image))?.(body), 200, { 'x-amz-log-result': btoa(report) });
    } catch (error) {
      const thrown = { errorType: 'Error', errorMessage: error instanceof Error ? error.message : '' };
      return ok(thrown, 200, { 'x-amz-function-error': 'Unhandled' });
    }
  },
  GetAlias(model, { functionName, qualifier }) {
    return ok(describeAlias(model.find(functionName), String(qualifier)));
  },
  ListAliases(model, { functionName }) {
    const fn = model.find(functionName);
    return ok({ Aliases: [...fn.aliases.keys()].map((name) => describeAlias(fn, name)) });
  },
  CreateAlias(model, { functionName, body }) {
    const fn = model.find(functionName);
    const name = String(body.Name);
    if (fn.aliases.has(name))
      throw new Refusal(409, 'ResourceConflictException', `Alias already exists: ${name}`);
    return setAlias(model, fn, name, body);
  },
  UpdateAlias(model, { functionName, qualifier, body }) {
    const fn = model.find(functionName);
    checkRevision(body, describeAlias(fn, String(qualifier)).RevisionId);
    return setAlias(model, fn, String(qualifier), body);
  },
  GetFunctionUrlConfig(model, { functionName, qualifier }) {
    const url = model.find(functionName).urls.get(String(qualifier));
    if (!url)
      throw new Refusal(404, 'ResourceNotFoundException', 'The resource you requested does not exist.');
    return ok({ FunctionUrl: `https://${functionName}-${qualifier}.example/`, AuthType: url.auth });
  },
  CreateFunctionUrlConfig(model, { functionName, qualifier, body }) {
    const { urls } = model.find(functionName);
    if (urls.has(String(qualifier)))
      throw new Refusal(
        409,
        'ResourceConflictException',
        'FunctionUrlConfig exists for this Lambda function',
      );
    urls.set(String(qualifier), { auth: String(body.AuthType) });
    return ok({ FunctionUrl: `https://${functionName}-${qualifier}.example/`, AuthType: body.AuthType }, 201);
  },
  UpdateFunctionUrlConfig(model, { functionName, qualifier, body }) {
    model.find(functionName).urls.set(String(qualifier), { auth: String(body.AuthType) });
    return ok({ FunctionUrl: `https://${functionName}-${qualifier}.example/`, AuthType: body.AuthType });
  },
  AddPermission(model, { functionName, body }) {
    const { policy } = model.find(functionName);
    const id = String(body.StatementId);
    if (policy.has(id))
      throw new Refusal(
        409,
        'ResourceConflictException',
        `The statement id (${id}) provided already exists.`,
      );
    policy.add(id);
    return ok({ Statement: '{}' }, 201);
  },
  RemovePermission(model, { functionName, body }) {
    if (!model.find(functionName).policy.delete(String(body.StatementId)))
      throw new Refusal(404, 'ResourceNotFoundException', 'Statement is not found in resource policy.');
    return { status: 204, body: undefined };
  },
  PutProvisionedConcurrencyConfig(model, { functionName, qualifier, body }) {
    const workers = Number(body.ProvisionedConcurrentExecutions);
    model.version(model.find(functionName), qualifier).provisioned = {
      workers,
      readyAt: model.now + model.delay,
    };
    return ok({ RequestedProvisionedConcurrentExecutions: workers, Status: 'IN_PROGRESS' }, 202);
  },
  GetProvisionedConcurrencyConfig(model, { functionName, qualifier }) {
    const { provisioned } = model.version(model.find(functionName), qualifier);
    if (!provisioned)
      throw new Refusal(
        404,
        'ProvisionedConcurrencyConfigNotFoundException',
        'No Provisioned Concurrency Config',
      );
    return ok({
      RequestedProvisionedConcurrentExecutions: provisioned.workers,
      Status: model.now < provisioned.readyAt ? 'IN_PROGRESS' : 'READY',
    });
  },
  DeleteProvisionedConcurrencyConfig(model, { functionName, qualifier }) {
    model.version(model.find(functionName), qualifier).provisioned = undefined;
    return { status: 204, body: undefined };
  },
  DescribeAlarms(model, { body }) {
    const names = Array.isArray(body.AlarmNames) ? body.AlarmNames : [];
    const known = names.filter((name) => model.alarms.has(name));
    return ok({
      MetricAlarms: known.map((name) => ({ AlarmName: name, StateValue: model.alarms.get(name) })),
    });
  },
  CreateLogGroup(model, { body }) {
    const name = String(body.logGroupName);
    if (model.logGroups.has(name))
      throw new Refusal(400, 'ResourceAlreadyExistsException', 'The log group exists');
    model.logGroups.set(name, undefined);
    return ok({});
  },
  PutRetentionPolicy(model, { body }) {
    model.logGroups.set(String(body.logGroupName), Number(body.retentionInDays));
    return ok({});
  },
};

/** The function, if it may be changed now by this caller. */
function change(model: LambdaModel, name: string, body: Record<string, unknown>): LambdaFunction {
  const fn = model.find(name);
  model.checkIdle(fn);
  checkRevision(body, `r${fn.revision}`);
  return fn;
}

/** Starts an update that takes Lambda some time. */
function begin(model: LambdaModel, fn: LambdaFunction): Reply {
  fn.lastUpdate = { status: 'InProgress', doneAt: model.now + model.delay };
  fn.revision = model.nextRevision();
  return ok(describe(model, fn, fn.latest));
}

function describe(model: LambdaModel, fn: LambdaFunction, of: Version): Record<string, unknown> {
  const latest = of === fn.latest;
  return {
    FunctionName: fn.name,
    Version: of.version,
    PackageType: fn.packageType,
    Description: of.description,
    ...of.configuration,
    State: latest ? fn.state : model.now < of.readyAt ? 'Pending' : of.inactive ? 'Inactive' : 'Active',
    LastUpdateStatus: latest ? fn.lastUpdate.status : 'Successful',
    ...(latest && fn.state === 'Failed' && { StateReasonCode: fn.lastUpdate.code }),
    ...(latest && { LastUpdateStatusReasonCode: fn.lastUpdate.code }),
    RevisionId: latest ? `r${fn.revision}` : `v${of.version}`,
    CodeSha256: digestOf(of.image).replace('sha256:', ''),
  };
}

function configurationOf(body: Record<string, unknown>): Record<string, unknown> {
  const names = ['Role', 'MemorySize', 'Timeout', 'Architectures', 'Environment', 'SnapStart'];
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

function setAlias(
  model: LambdaModel,
  fn: LambdaFunction,
  name: string,
  body: Record<string, unknown>,
): Reply {
  const weights = Object.entries(Object(member(body.RoutingConfig, 'AdditionalVersionWeights') ?? {}));
  for (const version of [body.FunctionVersion, ...weights.map(([extra]) => extra)])
    model.version(fn, String(version));
  fn.aliases.set(name, {
    version: String(body.FunctionVersion),
    description: String(body.Description ?? ''),
    revision: model.nextRevision(),
    weights: Object.fromEntries(weights.map(([version, weight]) => [version, Number(weight)])),
  });
  return ok(describeAlias(fn, name));
}

function describeAlias(fn: LambdaFunction, name: string) {
  const alias = fn.aliases.get(name);
  if (!alias)
    throw new Refusal(404, 'ResourceNotFoundException', `Cannot find alias arn: ${fn.name}:${name}`);
  return {
    Name: name,
    FunctionVersion: alias.version,
    Description: alias.description,
    RevisionId: `a${alias.revision}`,
    RoutingConfig: { AdditionalVersionWeights: alias.weights },
  };
}

function checkRevision(body: Record<string, unknown>, current: string): void {
  if (body.RevisionId !== undefined && body.RevisionId !== current)
    throw new Refusal(
      412,
      'PreconditionFailedException',
      'The Revision Id provided does not match the latest Revision Id.',
    );
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function ok(body: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return { status, body, headers };
}
