import { randomBytes } from 'node:crypto';
import { AwsError } from '../../errors.ts';
import type { Fields } from '../../http/fields.ts';
import type { Cors } from '../cors.ts';
import { describeUrl } from '../describe.ts';
import { functionArn, type LambdaFunction, type UrlConfig } from '../function.ts';
import { type Operation, reply, target } from '../request.ts';

function findUrl(fn: LambdaFunction, qualifier: string): UrlConfig {
  const url = fn.urls.find((one) => one.qualifier === qualifier);
  if (!url)
    throw new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
  return url;
}

function parse(input: Fields): Partial<UrlConfig> {
  const authType = input.optionalText('AuthType');
  const invokeMode = input.optionalText('InvokeMode');
  if (authType !== undefined && authType !== 'NONE' && authType !== 'AWS_IAM')
    throw new AwsError('ValidationException', 'AuthType must be NONE or AWS_IAM');
  if (invokeMode !== undefined && invokeMode !== 'BUFFERED' && invokeMode !== 'RESPONSE_STREAM')
    throw new AwsError('ValidationException', 'InvokeMode must be BUFFERED or RESPONSE_STREAM');
  const cors = input.optionalFields('Cors');
  return {
    ...(authType && { authType }),
    ...(invokeMode && { invokeMode }),
    ...(cors && { cors: parseCors(cors) }),
  };
}

function parseCors(input: Fields): Cors {
  const maxAgeSeconds = input.optionalNumber('MaxAge');
  return {
    allowOrigins: input.optionalTexts('AllowOrigins') ?? [],
    allowMethods: input.optionalTexts('AllowMethods') ?? [],
    allowHeaders: input.optionalTexts('AllowHeaders') ?? [],
    exposeHeaders: input.optionalTexts('ExposeHeaders') ?? [],
    allowCredentials: input.optionalBoolean('AllowCredentials') ?? false,
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
}

/** CreateFunctionUrlConfig, for the function itself or an alias. */
export const createFunctionUrl: Operation = (request) => {
  const { context, input, call } = request;
  const { fn, qualifier = '$LATEST' } = target(request);
  if (qualifier !== '$LATEST' && !fn.aliases.some((alias) => alias.name === qualifier))
    throw new AwsError(
      'ResourceNotFoundException',
      `Function not found: ${functionArn(fn.name, qualifier)}`,
      404,
    );
  if (fn.urls.some((one) => one.qualifier === qualifier))
    throw new AwsError(
      'ResourceConflictException',
      `Failed to create function url config for [functionArn = ${functionArn(fn.name, qualifier)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      409,
    );
  input.text('AuthType');
  const now = new Date().toISOString();
  const url: UrlConfig = {
    id: BigInt(`0x${randomBytes(20).toString('hex')}`)
      .toString(36)
      .padStart(31, '0'),
    qualifier,
    authType: 'AWS_IAM',
    invokeMode: 'BUFFERED',
    ...parse(input),
    createdAt: now,
    lastModified: now,
  };
  context.store.save({ ...fn, urls: [...fn.urls, url] });
  return reply(201, describeUrl(fn, url, call.origin));
};

/** GetFunctionUrlConfig. */
export const getFunctionUrl: Operation = (request) => {
  const { fn, qualifier = '$LATEST' } = target(request);
  return reply(200, describeUrl(fn, findUrl(fn, qualifier), request.call.origin));
};

/** UpdateFunctionUrlConfig. */
export const updateFunctionUrl: Operation = (request) => {
  const { fn, qualifier = '$LATEST' } = target(request);
  const current = findUrl(fn, qualifier);
  const url = { ...current, ...parse(request.input), lastModified: new Date().toISOString() };
  request.context.store.save({ ...fn, urls: fn.urls.map((one) => (one === current ? url : one)) });
  return reply(200, describeUrl(fn, url, request.call.origin));
};

/** DeleteFunctionUrlConfig. */
export const deleteFunctionUrl: Operation = (request) => {
  const { fn, qualifier = '$LATEST' } = target(request);
  const gone = findUrl(fn, qualifier);
  request.context.store.save({ ...fn, urls: fn.urls.filter((one) => one !== gone) });
  return reply(204);
};

/** ListFunctionUrlConfigs. */
export const listFunctionUrls: Operation = (request) => {
  const { fn } = target(request);
  return reply(200, {
    FunctionUrlConfigs: fn.urls.map((url) => describeUrl(fn, url, request.call.origin)),
  });
};
