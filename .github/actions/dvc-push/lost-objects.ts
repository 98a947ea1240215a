import { DvcError, type Lost } from '@mainline/dvc';

/** Pointers name objects that neither the cache nor the remote has: whoever pulls will lack them. */
export class LostObjects extends DvcError {
  /** The same for each pointer. */
  readonly failures: DvcError[];
  constructor(lost: Lost[]) {
    super(`neither the cache nor the remote has ${oidsOf(lost)}`, {
      hint: 'add the data again, or accept that it is missing by allow-missing: true; everything else was pushed',
      ...(lost[0] && { file: lost[0].file }),
    });
    this.failures = [...Map.groupBy(lost, ({ file }) => file)].map(
      ([file, own]) => new DvcError(`neither the cache nor the remote has ${oidsOf(own)}`, { file }),
    );
  }
}

const oidsOf = (lost: Lost[]): string => lost.map(({ oid }) => oid).join(', ');
