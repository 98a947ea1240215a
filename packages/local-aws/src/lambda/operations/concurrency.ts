import { type Operation, reply, target } from '../request.ts';

/** PutFunctionConcurrency: 0 stops a function. */
export const putConcurrency: Operation = (request) => {
  const { fn } = target(request);
  const reservedConcurrency = request.input.number('ReservedConcurrentExecutions');
  request.context.store.save({ ...fn, reservedConcurrency });
  return reply(200, { ReservedConcurrentExecutions: reservedConcurrency });
};

/** GetFunctionConcurrency. */
export const getConcurrency: Operation = (request) => {
  const { reservedConcurrency } = target(request).fn;
  return reply(
    200,
    reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency },
  );
};

/** DeleteFunctionConcurrency. */
export const deleteConcurrency: Operation = (request) => {
  const { reservedConcurrency, ...fn } = target(request).fn;
  request.context.store.save(fn);
  return reply(204);
};
