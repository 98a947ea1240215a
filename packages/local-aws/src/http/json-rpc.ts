import { AwsError } from '../errors.ts';
import { type Call, type Reply, readJson, type Service } from './call.ts';
import { Fields } from './fields.ts';

/** One operation of a JSON-RPC service: named by the `X-Amz-Target` header, JSON in, JSON out. */
export type Operation = (input: Fields, call: Call) => object | undefined | Promise<object | undefined>;

/** AWS's JSON 1.0 and 1.1 protocols over a table of operations; `invalid` is the service's error for a wrong member. */
export function jsonRpc(name: string, operations: Record<string, Operation>, invalid: string): Service {
  return async (call): Promise<Reply> => {
    const contentType = call.headers['content-type'] ?? 'application/x-amz-json-1.1';
    try {
      const target = String(call.headers['x-amz-target'] ?? '');
      const action = target.split('.').pop() ?? '';
      const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
      if (!operation)
        throw new AwsError('UnknownOperationException', `Local ${name} has no operation ${target}`);
      const output = await operation(new Fields(await readJson(call), invalid), call);
      return { status: 200, headers: { 'content-type': contentType }, body: JSON.stringify(output ?? {}) };
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return {
        status: error.status,
        headers: { 'content-type': contentType, 'x-amzn-errortype': error.code, ...error.headers },
        body: JSON.stringify({ ...error.fields, __type: error.code, message: error.message }),
      };
    }
  };
}
