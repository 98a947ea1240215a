import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  RemovePermissionCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import { ifThere, type Lambda, unlessThere } from '../aws/lambda.ts';
import type { Place, UrlAuth } from '../request.ts';

/** A public URL needs both since October 2025: to call the URL, and through it the function. */
const statements = [
  { StatementId: 'mainline-url', Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
  { StatementId: 'mainline-url-invoke', Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
] as const;

/** The function URL of an alias, opened or changed to the asked way of signing in; the same URL as before if there was one. */
export async function openUrl(lambda: Lambda, target: Place, auth: UrlAuth): Promise<string> {
  const of = { FunctionName: target.functionName, Qualifier: target.alias };
  const existing = await describeUrl(lambda, target);
  if (existing?.auth === 'NONE' && auth === 'NONE') return existing.url;
  if (auth === 'NONE')
    for (const statement of statements)
      await unlessThere(lambda.send(new AddPermissionCommand({ ...of, ...statement, Principal: '*' })));
  if (!existing)
    await unlessThere(lambda.send(new CreateFunctionUrlConfigCommand({ ...of, AuthType: auth })));
  else if (existing.auth !== auth)
    await lambda.send(new UpdateFunctionUrlConfigCommand({ ...of, AuthType: auth }));
  // Each time, since a run that was cut off here would leave the URL to anybody with an AWS account.
  if (auth === 'AWS_IAM')
    for (const { StatementId } of statements)
      await ifThere(lambda.send(new RemovePermissionCommand({ ...of, StatementId })));
  return existing?.url ?? (await describeUrl(lambda, target))?.url ?? '';
}

/** The function URL of an alias and who may call it; undefined when it has none. */
export async function describeUrl(
  lambda: Lambda,
  target: Place,
): Promise<{ url: string; auth: UrlAuth } | undefined> {
  const found = await ifThere(
    lambda.send(
      new GetFunctionUrlConfigCommand({ FunctionName: target.functionName, Qualifier: target.alias }),
    ),
  );
  return found?.FunctionUrl && found.AuthType ? { url: found.FunctionUrl, auth: found.AuthType } : undefined;
}
