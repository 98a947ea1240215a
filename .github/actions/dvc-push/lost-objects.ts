import { DvcError, type Lost } from '@mainline/dvc';

/** Pointers name objects that neither the cache nor the remote has: whoever pulls will lack them. */
export class LostObjects extends DvcError {
  constructor(lost: Lost[]) {
    super(`neither the cache nor the remote has ${lost.map(({ oid }) => oid).join(', ')}`, {
      hint: 'add the data again, or accept that it is missing by allow-missing: true; everything else was pushed',
      ...(lost[0] && { file: lost[0].file }),
    });
  }
}
