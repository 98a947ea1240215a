import { randomUUID } from 'node:crypto';
import { AwsError } from '../../errors.ts';
import { describeVersion } from '../describe.ts';
import { fingerprint, functionArn, type LambdaFunction, type Version } from '../function.ts';
import { checkChangeable, checkRevision, type Operation, reply, target } from '../request.ts';

/** Freezes `$LATEST` under the next number; unchanged since the last one, that one is the answer. */
export function publish(fn: LambdaFunction, description: string): { fn: LambdaFunction; version: Version } {
  const last = fn.published.at(-1);
  if (last && last.state !== 'Failed' && fingerprint(last) === fingerprint(fn.latest))
    return { fn, version: last };
  const { stateReason, updateStatus, updateReason, ...latest } = fn.latest;
  const version: Version = {
    ...latest,
    version: String(fn.nextVersion),
    description,
    revisionId: randomUUID(),
    state: 'Pending',
    stateReason: { code: 'Creating', message: 'The function is being created.' },
  };
  return {
    fn: { ...fn, published: [...fn.published, version], nextVersion: fn.nextVersion + 1 },
    version,
  };
}

/** PublishVersion. */
export const publishVersion: Operation = (request) => {
  const { context, input } = request;
  const { fn } = target(request);
  checkChangeable(fn.latest, functionArn(fn.name));
  checkRevision(input.optionalText('RevisionId'), fn.latest.revisionId, 'GetFunction/GetAlias');
  const expected = input.optionalText('CodeSha256');
  const actual = fn.latest.digest.replace('sha256:', '');
  if (expected !== undefined && expected !== actual)
    throw new AwsError(
      'InvalidParameterValueException',
      `CodeSHA256 (${expected}) is different from current CodeSHA256 in $LATEST (${actual}). Please try again with the CodeSHA256 in $LATEST.`,
    );
  const result = publish(fn, input.optionalText('Description') ?? fn.latest.description);
  context.store.save(result.fn);
  context.transitions.schedule(result.fn);
  return reply(201, describeVersion(result.fn, result.version));
};

/** ListVersionsByFunction, `$LATEST` first, paged with `Marker` and `MaxItems`. */
export const listVersions: Operation = (request) => {
  const { fn } = target(request);
  const all = [fn.latest, ...fn.published];
  const start = Math.max(0, Number(request.call.query.get('Marker') ?? '0') || 0);
  const size = Math.min(50, Math.max(1, Number(request.call.query.get('MaxItems') ?? '50') || 50));
  const page = all.slice(start, start + size);
  return reply(200, {
    Versions: page.map((version) => describeVersion(fn, version, version.version)),
    ...(start + size < all.length && { NextMarker: String(start + size) }),
  });
};
