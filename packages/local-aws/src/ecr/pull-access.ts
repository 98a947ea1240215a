import type { Repository } from './repository.ts';

const list = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
const pulling = ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'];

/**
 * Whether Lambda may pull from a repository: in the same account it may, unless a statement of the repository's policy
 * denies it. A policy that isn't JSON denies nothing.
 */
export function lambdaMayPull({ policy }: Repository): boolean {
  let statements: unknown[] = [];
  try {
    statements = list((JSON.parse(policy ?? '{}') as { Statement?: unknown }).Statement);
  } catch {}
  return !statements.some((statement) => {
    const { Effect, Principal, Action } = statement as Record<string, unknown>;
    const services =
      typeof Principal === 'object' && Principal !== null
        ? list((Principal as { Service?: unknown }).Service)
        : [];
    const concernsLambda = Principal === '*' || services.includes('lambda.amazonaws.com');
    const actions = list(Action).map(String);
    const concernsPulling = actions.some(
      (action) => action === '*' || action === 'ecr:*' || pulling.includes(action),
    );
    return Effect === 'Deny' && concernsLambda && concernsPulling;
  });
}
