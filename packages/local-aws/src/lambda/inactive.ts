import { randomUUID } from 'node:crypto';
import type { LambdaFunction, Version } from './function.ts';
import type { Context } from './request.ts';

/** The function with `change` applied to one version, `$LATEST` meaning also what serves under that name. */
function withVersion(fn: LambdaFunction, version: string, change: (one: Version) => Version): LambdaFunction {
  if (version !== '$LATEST')
    return { ...fn, published: fn.published.map((one) => (one.version === version ? change(one) : one)) };
  const latest = change(fn.latest);
  return { ...fn, latest, serving: latest };
}

/** Takes a version's resources away, as Lambda does with functions that nobody called for weeks. */
export function deactivate(context: Context, name: string, version = '$LATEST'): void {
  const fn = context.store.get(name);
  const idle = withVersion(fn, version, (one) => ({
    ...one,
    revisionId: randomUUID(),
    state: 'Inactive',
    stateReason: { code: 'Idle', message: 'The function was idle and its resources were reclaimed.' },
  }));
  context.store.save(idle);
  context.workers.retire(name, (key) => key.startsWith(`${version}:`));
}

/** The first call to an inactive version fails and makes Lambda bring it back: Pending, then Active or Failed. */
export function restore(context: Context, fn: LambdaFunction, version: Version): void {
  const restoring = withVersion(fn, version.version, (one) => ({
    ...one,
    revisionId: randomUUID(),
    state: 'Pending',
    stateReason: { code: 'Restoring', message: 'The function is being restored.' },
  }));
  context.store.save(restoring);
  context.transitions.schedule(restoring);
}
