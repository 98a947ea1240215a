/** A fault a test injects into one call: refused before it took effect, or done with its answer lost. */
export type Fault = 'throttle' | 'error' | 'cut-before' | 'cut-after';

/** One call as the wire has it. */
export interface Call {
  operation: string;
  functionName: string;
  qualifier: string | undefined;
  body: Record<string, unknown>;
}

/** One reply as the wire has it; `cut` breaks the connection instead. */
export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
  cut?: true;
}

/** What an image answers to a payload; throwing is a function error. */
export type Worker = (payload: unknown) => unknown;

interface Version {
  version: string;
  image: string;
  memory: unknown;
  description: string;
  readyAt: number;
  inactive: boolean;
}

interface Fn {
  name: string;
  packageType: string;
  latest: Version;
  lastUpdate: { status: string; code?: string; doneAt: number };
  state: string;
  revision: number;
  versions: Version[];
  lastPublished: string;
  aliases: Map<
    string,
    { version: string; description: string; revision: number; weights: Record<string, number> }
  >;
  urls: Map<string, { auth: string }>;
  policy: Set<string>;
}

class Refusal extends Error {
  readonly reply: Reply;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.reply = { status, body: { message, Type: 'User' }, headers: { 'x-amzn-errortype': code } };
  }
}

/**
 * Lambda's control plane as a state machine over a logical clock: every call is one tick, and what Lambda does in the
 * background takes `delay` ticks. Nothing here knows HTTP.
 */
export class LambdaModel {
  readonly functions = new Map<string, Fn>();
  readonly images = new Map<string, Worker>();
  /** Images that Lambda takes and then can't run, with the reason code. */
  readonly broken = new Map<string, string>();
  readonly calls: string[] = [];
  /** Asked before each call; a fault happens instead. */
  fault: (operation: string, tick: number) => Fault | undefined = () => undefined;
  /** Called before each call is handled: where a test lets something else happen in the middle. */
  before: (operation: string, tick: number) => void = () => {};
  delay = 2;
  #revision = 0;

  /** Handles one call. */
  handle(call: Call): Reply {
    this.calls.push(call.operation);
    this.before(call.operation, this.calls.length);
    const fault = this.fault(call.operation, this.calls.length);
    if (fault === 'throttle') return new Refusal(429, 'TooManyRequestsException', 'Rate exceeded').reply;
    if (fault === 'error') return new Refusal(500, 'ServiceException', 'Internal failure').reply;
    if (fault === 'cut-before') return { status: 0, body: undefined, cut: true };
    const reply = this.#apply(call);
    return fault === 'cut-after' ? { status: 0, body: undefined, cut: true } : reply;
  }

  #apply(call: Call): Reply {
    try {
      const operation = operations[call.operation];
      if (!operation) throw new Refusal(404, 'UnknownOperationException', call.operation);
      return operation(this, call);
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      throw error;
    }
  }

  /** The logical time. */
  get now(): number {
    return this.calls.length;
  }

  nextRevision(): number {
    return ++this.#revision;
  }

  find(name: string): Fn {
    const fn = this.functions.get(name);
    if (!fn) throw new Refusal(404, 'ResourceNotFoundException', `Function not found: ${name}`);
    if (fn.lastUpdate.status === 'InProgress' && this.now >= fn.lastUpdate.doneAt) {
      const code = this.broken.get(digestOf(fn.latest.image));
      fn.lastUpdate = { status: code ? 'Failed' : 'Successful', doneAt: 0, ...(code && { code }) };
      if (fn.state === 'Pending') fn.state = code ? 'Failed' : 'Active';
      fn.revision = this.nextRevision();
    }
    return fn;
  }

  version(fn: Fn, qualifier: string | undefined): Version {
    if (!qualifier || qualifier === '$LATEST') return fn.latest;
    const named = fn.aliases.get(qualifier)?.version ?? qualifier;
    const found = fn.versions.find(({ version }) => version === named);
    if (!found)
      throw new Refusal(404, 'ResourceNotFoundException', `Function not found: ${fn.name}:${qualifier}`);
    return found;
  }

  configuration(fn: Fn, of: Version): Record<string, unknown> {
    const latest = of === fn.latest;
    return {
      FunctionName: fn.name,
      Version: of.version,
      PackageType: fn.packageType,
      MemorySize: of.memory,
      Architectures: ['x86_64'],
      Description: of.description,
      State: latest ? fn.state : this.now < of.readyAt ? 'Pending' : of.inactive ? 'Inactive' : 'Active',
      LastUpdateStatus: latest ? fn.lastUpdate.status : 'Successful',
      ...(latest && fn.state === 'Failed' && { StateReasonCode: fn.lastUpdate.code }),
      ...(latest && { LastUpdateStatusReasonCode: fn.lastUpdate.code }),
      RevisionId: latest ? `r${fn.revision}` : `v${of.version}`,
      CodeSha256: digestOf(of.image).replace('sha256:', ''),
    };
  }

  checkImage(uri: unknown): string {
    if (typeof uri !== 'string' || !this.images.has(digestOf(uri)))
      throw new Refusal(400, 'InvalidParameterValueException', `Source image ${uri} does not exist.`);
    return uri;
  }

  idle(fn: Fn): void {
    if (fn.lastUpdate.status === 'InProgress' || fn.state === 'Pending')
      throw new Refusal(
        409,
        'ResourceConflictException',
        `The operation cannot be performed at this time. An update is in progress for resource: ${fn.name}`,
      );
  }
}

const operations: Record<string, (model: LambdaModel, call: Call) => Reply> = {
  GetFunction(model, { functionName, qualifier }) {
    const fn = model.find(functionName);
    const of = model.version(fn, qualifier);
    const code = fn.packageType === 'Image' ? { ImageUri: of.image, ResolvedImageUri: of.image } : {};
    return ok({ Configuration: model.configuration(fn, of), Code: code });
  },
  CreateFunction(model, { body }) {
    const name = String(body.FunctionName);
    if (model.functions.has(name))
      throw new Refusal(409, 'ResourceConflictException', `Function already exist: ${name}`);
    const code = body.Code as { ImageUri: string };
    const fn: Fn = {
      name,
      packageType: String(body.PackageType),
      latest: {
        version: '$LATEST',
        image: model.checkImage(code.ImageUri),
        memory: body.MemorySize,
        description: '',
        readyAt: 0,
        inactive: false,
      },
      lastUpdate: { status: 'InProgress', doneAt: model.now + model.delay },
      state: 'Pending',
      revision: model.nextRevision(),
      versions: [],
      lastPublished: '',
      aliases: new Map(),
      urls: new Map(),
      policy: new Set(),
    };
    model.functions.set(name, fn);
    return ok(model.configuration(fn, fn.latest), 201);
  },
  UpdateFunctionCode(model, { functionName, body }) {
    const fn = model.find(functionName);
    model.idle(fn);
    checkRevision(body, `r${fn.revision}`);
    fn.latest.image = model.checkImage(body.ImageUri);
    fn.lastUpdate = { status: 'InProgress', doneAt: model.now + model.delay };
    fn.revision = model.nextRevision();
    return ok(model.configuration(fn, fn.latest));
  },
  PublishVersion(model, { functionName, body }) {
    const fn = model.find(functionName);
    model.idle(fn);
    checkRevision(body, `r${fn.revision}`);
    const snapshot = JSON.stringify([fn.latest.image, fn.latest.memory]);
    const last = fn.versions.at(-1);
    if (last && fn.lastPublished === snapshot) return ok(model.configuration(fn, last), 201);
    fn.lastPublished = snapshot;
    const version = {
      ...fn.latest,
      version: String(fn.versions.length + 1),
      description: String(body.Description ?? ''),
      readyAt: model.now + model.delay,
    };
    fn.versions.push(version);
    fn.revision = model.nextRevision();
    return ok(model.configuration(fn, version), 201);
  },
  Invoke(model, { functionName, qualifier, body }) {
    const fn = model.find(functionName);
    const of = model.version(fn, qualifier);
    if (of.inactive) {
      of.inactive = false;
      of.readyAt = model.now + model.delay;
    }
    if (model.now < of.readyAt)
      throw new Refusal(
        409,
        'ResourceConflictException',
        'The operation cannot be performed at this time. The function is currently in the following state: Pending',
      );
    const worker = model.images.get(digestOf(of.image));
    const log = Buffer.from('REPORT RequestId: 1\tDuration: 2.50 ms\tInit Duration: 41.25 ms\n').toString(
      'base64',
    );
    try {
      return ok(worker?.(body), 200, { 'x-amz-log-result': log });
    } catch (error) {
      const thrown = { errorType: 'Error', errorMessage: error instanceof Error ? error.message : '' };
      return ok(thrown, 200, { 'x-amz-function-error': 'Unhandled' });
    }
  },
  GetAlias(model, { functionName, qualifier }) {
    return ok(aliasBody(model.find(functionName), String(qualifier)));
  },
  CreateAlias(model, { functionName, body }) {
    const fn = model.find(functionName);
    const name = String(body.Name);
    if (fn.aliases.has(name))
      throw new Refusal(409, 'ResourceConflictException', `Alias already exists: ${name}`);
    setAlias(model, fn, name, body);
    return ok(aliasBody(fn, name), 201);
  },
  UpdateAlias(model, { functionName, qualifier, body }) {
    const fn = model.find(functionName);
    const name = String(qualifier);
    const existing = aliasBody(fn, name);
    checkRevision(body, existing.RevisionId);
    setAlias(model, fn, name, body);
    return ok(aliasBody(fn, name));
  },
  GetFunctionUrlConfig(model, { functionName, qualifier }) {
    const url = model.find(functionName).urls.get(String(qualifier));
    if (!url)
      throw new Refusal(404, 'ResourceNotFoundException', 'The resource you requested does not exist.');
    return ok({ FunctionUrl: `https://${functionName}-${qualifier}.example/`, AuthType: url.auth });
  },
  CreateFunctionUrlConfig(model, call) {
    const fn = model.find(call.functionName);
    if (fn.urls.has(String(call.qualifier)))
      throw new Refusal(
        409,
        'ResourceConflictException',
        `FunctionUrlConfig exists for this Lambda function`,
      );
    fn.urls.set(String(call.qualifier), { auth: String(call.body.AuthType) });
    return operations.GetFunctionUrlConfig!(model, call);
  },
  UpdateFunctionUrlConfig(model, call) {
    model.find(call.functionName).urls.set(String(call.qualifier), { auth: String(call.body.AuthType) });
    return operations.GetFunctionUrlConfig!(model, call);
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
};

function setAlias(model: LambdaModel, fn: Fn, name: string, body: Record<string, unknown>): void {
  const routing = body.RoutingConfig as { AdditionalVersionWeights?: Record<string, number> } | undefined;
  model.version(fn, String(body.FunctionVersion));
  fn.aliases.set(name, {
    version: String(body.FunctionVersion),
    description: String(body.Description ?? ''),
    revision: model.nextRevision(),
    weights: routing?.AdditionalVersionWeights ?? {},
  });
}

function aliasBody(fn: Fn, name: string) {
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

function digestOf(image: string): string {
  return image.slice(image.indexOf('@') + 1);
}

function ok(body: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return { status, body, headers };
}
