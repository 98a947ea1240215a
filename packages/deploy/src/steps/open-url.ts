import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  RemovePermissionCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import { ifThere } from '../describe-function.ts';
import { LambdaError } from '../errors.ts';
import type { Lambda } from '../patience.ts';
import type { UrlAuth } from '../request.ts';

/** A public URL needs both since October 2025: to call the URL, and through it the function. */
const statements = [
  { StatementId: 'mainline-url', Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
  { StatementId: 'mainline-url-invoke', Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
] as const;

/** The function URL of an alias, opened or changed to the asked way of signing in; the same URL as before if there was one. */
export async function openUrl(
  lambda: Lambda,
  target: { functionName: string; alias: string },
  auth: UrlAuth,
): Promise<string> {
  const of = { FunctionName: target.functionName, Qualifier: target.alias };
  const existing = await describeUrl(lambda, target);
  if (existing?.auth === auth) return existing.url;
  // The door gets its lock before the URL changes to it, and loses the open one after.
  if (auth === 'NONE')
    for (const statement of statements)
      await unlessThere(lambda.send(new AddPermissionCommand({ ...of, ...statement, Principal: '*' })));
  const url = existing
    ? (await lambda.send(new UpdateFunctionUrlConfigCommand({ ...of, AuthType: auth }))).FunctionUrl
    : (await unlessThere(lambda.send(new CreateFunctionUrlConfigCommand({ ...of, AuthType: auth }))))
        ?.FunctionUrl;
  if (auth === 'AWS_IAM')
    for (const { StatementId } of statements)
      await ifThere(lambda.send(new RemovePermissionCommand({ ...of, StatementId })));
  return url ?? (await describeUrl(lambda, target))?.url ?? '';
}

/** The function URL of an alias and who may call it; undefined when it has none. */
export async function describeUrl(
  lambda: Lambda,
  target: { functionName: string; alias: string },
): Promise<{ url: string; auth: UrlAuth } | undefined> {
  const found = await ifThere(
    lambda.send(
      new GetFunctionUrlConfigCommand({ FunctionName: target.functionName, Qualifier: target.alias }),
    ),
  );
  return found?.FunctionUrl && found.AuthType ? { url: found.FunctionUrl, auth: found.AuthType } : undefined;
}

async function unlessThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof LambdaError && error.code === 'ResourceConflictException') return undefined;
    throw error;
  }
}
