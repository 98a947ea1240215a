import { DvcError } from '@mainline/dvc';

/** Pointers name objects that neither the cache nor the remote has: whoever pulls will lack them. */
export class LostObjects extends DvcError {
  constructor(oids: string[]) {
    super(`neither the cache nor the remote has ${oids.join(', ')}`, {
      hint: 'add the data again, or accept that it is missing by allow-missing: true; everything else was pushed',
    });
  }
}
