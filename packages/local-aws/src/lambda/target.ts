import { AwsError } from '../errors.ts';
import { functionArn, type LambdaFunction, type Version } from './function.ts';

const pattern =
  /^(?:arn:aws:lambda:us-east-1:\d{12}:function:|\d{12}:function:|function:)?([\w-]{1,64})(?::(\$LATEST|[\w-]{1,128}))?$/;

/** A function and perhaps a version or alias of it, as callers write them: name, name:qualifier or ARN. */
export function parseTarget(
  text: string,
  qualifier: string | undefined,
): { name: string; qualifier?: string } {
  const [, name, suffix] = text.match(pattern) ?? [];
  if (!name)
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern.source}`,
    );
  if (qualifier !== undefined && suffix !== undefined && qualifier !== suffix)
    throw new AwsError(
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    );
  const chosen = qualifier ?? suffix;
  return { name, ...(chosen !== undefined && { qualifier: chosen }) };
}

const notFound = (name: string, qualifier: string) =>
  new AwsError('ResourceNotFoundException', `Function not found: ${functionArn(name, qualifier)}`, 404);

/** A version by number, `$LATEST` or none at all. */
export function findVersion(fn: LambdaFunction, number: string | undefined): Version {
  if (number === undefined || number === '$LATEST') return fn.latest;
  const found = fn.published.find((one) => one.version === number);
  if (!found) throw notFound(fn.name, number);
  return found;
}

/** The version a qualifier stands for; an alias' weights are drawn with `random` (0–1). */
export function resolveQualifier(fn: LambdaFunction, qualifier: string | undefined, random = 1): Version {
  const alias = fn.aliases.find((one) => one.name === qualifier);
  if (!alias) return findVersion(fn, qualifier);
  let drawn = random;
  for (const [version, weight] of Object.entries(alias.weights)) {
    if (drawn < weight) return findVersion(fn, version);
    drawn -= weight;
  }
  return findVersion(fn, alias.version);
}
