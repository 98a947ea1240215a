import { AwsError } from '../errors.ts';
import type { Fields } from '../http/fields.ts';
import type { Code } from './function.ts';

const invalid = (message: string) => new AwsError('InvalidParameterValueException', message);

const reservedKeys =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_DEFAULT_REGION|AWS_REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_FUNCTION_(NAME|MEMORY_SIZE|VERSION)|AWS_LAMBDA_INITIALIZATION_TYPE|AWS_LAMBDA_LOG_(GROUP|STREAM)_NAME|AWS_ACCESS_KEY|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_LAMBDA_RUNTIME_API|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/;

function bounded(input: Fields, name: string, min: number, max: number): number | undefined {
  const value = input.optionalNumber(name);
  if (value !== undefined && (!Number.isInteger(value) || value < min || value > max))
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${value}' at '${name[0]!.toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must have value between ${min} and ${max}`,
    );
  return value;
}

function environment(input: Fields): Record<string, string> | undefined {
  const given = input.optionalFields('Environment');
  if (!given) return undefined;
  const variables = given.optionalTextMap('Variables') ?? {};
  const reserved = Object.keys(variables).filter((key) => reservedKeys.test(key));
  if (reserved.length > 0)
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  const bad = Object.keys(variables).find((key) => !/^[a-zA-Z]\w*$/.test(key));
  if (bad !== undefined)
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${bad}' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+`,
    );
  if (Buffer.byteLength(JSON.stringify(variables)) > 4096)
    throw invalid(
      'Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.',
    );
  return variables;
}

function role(input: Fields): string | undefined {
  const arn = input.optionalText('Role');
  if (arn !== undefined && !/^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[\w+=,.@/-]+$/.test(arn))
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${arn}' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+`,
    );
  return arn;
}

function oneOf<T extends string>(
  value: string | undefined,
  name: string,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (!found)
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must satisfy enum value set: [${allowed.join(', ')}]`,
    );
  return found;
}

/** Leaves out what is undefined, so that spreading it changes only what was given. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** The architecture of a request; Lambda takes exactly one. */
export function parseArchitecture(input: Fields): Code['architecture'] | undefined {
  const list = input.optionalTexts('Architectures');
  if (list && list.length !== 1) throw invalid('Architectures must name exactly one architecture.');
  return oneOf(list?.[0], 'architectures', ['x86_64', 'arm64']);
}

/** What CreateFunction and UpdateFunctionConfiguration share: only the members that were given, each checked. */
export function parseConfiguration(input: Fields): Partial<Code> {
  const image = input.optionalFields('ImageConfig');
  const logging = input.optionalFields('LoggingConfig');
  const snapStart = oneOf(input.optionalFields('SnapStart')?.optionalText('ApplyOn'), 'snapStart.applyOn', [
    'PublishedVersions',
    'None',
  ]);
  return given({
    snapStart: snapStart && snapStart === 'PublishedVersions',
    role: role(input),
    memoryMb: bounded(input, 'MemorySize', 128, 10_240),
    timeoutSeconds: bounded(input, 'Timeout', 1, 900),
    ephemeralMb: input.optionalFields('EphemeralStorage')?.optionalNumber('Size'),
    environment: environment(input),
    command: image?.optionalTexts('Command'),
    entrypoint: image?.optionalTexts('EntryPoint'),
    workingDirectory: image?.optionalText('WorkingDirectory'),
    logFormat: oneOf(logging?.optionalText('LogFormat'), 'loggingConfig.logFormat', ['Text', 'JSON']),
    logGroup: logging?.optionalText('LogGroup'),
    tracing: oneOf(input.optionalFields('TracingConfig')?.optionalText('Mode'), 'tracingConfig.mode', [
      'PassThrough',
      'Active',
    ]),
  });
}
