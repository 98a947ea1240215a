import { AwsError } from '../../errors.ts';
import { functionArn, type LambdaFunction, type PolicyStatement } from '../function.ts';
import { type Operation, reply, target } from '../request.ts';
import { resolveQualifier } from '../target.ts';

function asPolicy(fn: LambdaFunction, statement: PolicyStatement): object {
  const { principal } = statement;
  const suffix = statement.qualifier === '$LATEST' ? undefined : statement.qualifier;
  return {
    Sid: statement.id,
    Effect: 'Allow',
    Principal:
      principal === '*'
        ? '*'
        : principal.endsWith('.amazonaws.com')
          ? { Service: principal }
          : { AWS: /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal },
    Action: statement.action,
    Resource: functionArn(fn.name, suffix),
    ...(Object.keys(statement.conditions).length > 0 && { Condition: statement.conditions }),
  };
}

/** AddPermission: one more statement in the resource policy of a function, version or alias. */
export const addPermission: Operation = (request) => {
  const { context, input } = request;
  const { fn, qualifier = '$LATEST' } = target(request);
  resolveQualifier(fn, qualifier);
  const id = input.text('StatementId');
  if (fn.policy.some((one) => one.id === id && one.qualifier === qualifier))
    throw new AwsError(
      'ResourceConflictException',
      `The statement id (${id}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
      409,
    );
  const authType = input.optionalText('FunctionUrlAuthType');
  const sourceArn = input.optionalText('SourceArn');
  const sourceAccount = input.optionalText('SourceAccount');
  const statement: PolicyStatement = {
    qualifier,
    id,
    action: input.text('Action'),
    principal: input.text('Principal'),
    conditions: {
      ...((authType || sourceAccount) && {
        StringEquals: {
          ...(authType && { 'lambda:FunctionUrlAuthType': authType }),
          ...(sourceAccount && { 'AWS:SourceAccount': sourceAccount }),
        },
      }),
      ...(sourceArn && { ArnLike: { 'AWS:SourceArn': sourceArn } }),
      ...(input.optionalBoolean('InvokedViaFunctionUrl') && {
        Bool: { 'lambda:InvokedViaFunctionUrl': 'true' },
      }),
    },
  };
  context.store.save({ ...fn, policy: [...fn.policy, statement] });
  return reply(201, { Statement: JSON.stringify(asPolicy(fn, statement)) });
};

const noPolicy = () =>
  new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);

/** GetPolicy. */
export const getPolicy: Operation = (request) => {
  const { fn, qualifier = '$LATEST' } = target(request);
  const statements = fn.policy.filter((one) => one.qualifier === qualifier);
  if (statements.length === 0) throw noPolicy();
  const Statement = statements.map((one) => asPolicy(fn, one));
  return reply(200, { Policy: JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement }) });
};

/** RemovePermission. */
export const removePermission: Operation = (request) => {
  const { fn, qualifier = '$LATEST' } = target(request);
  const id = request.parts[1] ?? '';
  const gone = fn.policy.find((one) => one.id === id && one.qualifier === qualifier);
  if (!gone) throw noPolicy();
  request.context.store.save({ ...fn, policy: fn.policy.filter((one) => one !== gone) });
  return reply(204);
};

/**
 * Whether anyone may call a function URL without signing: since October 2025 it takes two statements, one for
 * InvokeFunctionUrl and one for InvokeFunction (https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html).
 */
export function allowsPublicUrl(fn: LambdaFunction, qualifier: string): boolean {
  return ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'].every((action) =>
    fn.policy.some(
      (one) =>
        one.qualifier === qualifier &&
        one.principal === '*' &&
        (one.action === action || one.action === 'lambda:*') &&
        (one.conditions.StringEquals?.['lambda:FunctionUrlAuthType'] ?? 'NONE') === 'NONE',
    ),
  );
}
