import type { FunctionState } from './aws/function.ts';
import type { Configuration } from './request.ts';

/** Where a function is not configured as asked: by names only, since values may be secrets. The architecture counts as code. */
export function differences(is: FunctionState, wanted: Configuration): string[] {
  const names: string[] = [];
  for (const key of ['role', 'memoryMb', 'timeoutSeconds', 'snapStart'] as const)
    if (wanted[key] !== undefined && wanted[key] !== is[key]) names.push(words[key]);
  for (const [name, value] of Object.entries(wanted.environment ?? {}))
    if (is.environment?.[name] !== value) names.push(`environment.${name}`);
  return names;
}

const words = { role: 'role', memoryMb: 'memory', timeoutSeconds: 'timeout', snapStart: 'SnapStart' };
