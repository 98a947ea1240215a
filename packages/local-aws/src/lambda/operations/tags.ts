import { type Operation, reply, target } from '../request.ts';
import { parseTarget } from '../target.ts';

/** ListTags; the path holds the function's ARN. */
export const listTags: Operation = (request) => reply(200, { Tags: target(request).fn.tags });

/** TagResource. */
export const tagResource: Operation = ({ context, parts, input }) => {
  const fn = context.store.get(parseTarget(parts[0] ?? '', undefined).name);
  context.store.save({ ...fn, tags: { ...fn.tags, ...input.optionalTextMap('Tags') } });
  return reply(204);
};

/** UntagResource. */
export const untagResource: Operation = ({ context, parts, call }) => {
  const fn = context.store.get(parseTarget(parts[0] ?? '', undefined).name);
  const gone = call.query.getAll('tagKeys');
  const tags = Object.fromEntries(Object.entries(fn.tags).filter(([key]) => !gone.includes(key)));
  context.store.save({ ...fn, tags });
  return reply(204);
};
