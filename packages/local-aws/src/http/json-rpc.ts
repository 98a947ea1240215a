import { AwsError } from '../errors.ts';
import { type Call, type Reply, readJson } from './call.ts';
import { Fields } from './fields.ts';
import type { Service } from './service.ts';

/** One operation of a JSON-RPC service: named by the `X-Amz-Target` header, JSON in, JSON out. */
export type Operation = (input: Fields, call: Call) => object | undefined | Promise<object | undefined>;

const actionOf = (call: Call) =>
  String(call.headers['x-amz-target'] ?? '')
    .split('.')
    .pop() ?? '';

/** AWS's JSON 1.0 and 1.1 protocols over a table of operations; `invalid` is the service's error for a wrong member. */
export function jsonRpc(name: string, operations: Record<string, Operation>, invalid: string): Service {
  const headers = (call: Call) => ({
    'content-type': call.headers['content-type'] ?? 'application/x-amz-json-1.1',
  });
  return {
    name,
    operationOf: actionOf,
    async handle(call): Promise<Reply> {
      const action = actionOf(call);
      const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
      if (!operation)
        throw new AwsError('UnknownOperationException', `Local AWS has no operation ${name}:${action}`);
      const output = await operation(new Fields(await readJson(call), invalid), call);
      return { status: 200, headers: headers(call), body: JSON.stringify(output ?? {}) };
    },
    refusal: (error, call) => ({
      status: error.status,
      headers: { ...headers(call), 'x-amzn-errortype': error.code, ...error.headers },
      body: JSON.stringify({ ...error.fields, __type: error.code, message: error.message }),
    }),
  };
}
