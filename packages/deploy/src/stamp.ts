/** Where a version comes from: what its description says, so that nothing else has to remember it. */
export interface Stamp {
  commit?: string;
  model?: string;
  digest?: string;
}

/** A stamp as a version's or an alias's description (at most 256 characters in Lambda): `commit=… model=… image=sha256:…`. */
export function formatStamp(stamp: Stamp): string {
  return [
    ['commit', stamp.commit],
    ['model', stamp.model],
    ['image', stamp.digest],
  ]
    .filter(([, value]) => value)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/** Reads what it can from a description; one that a person wrote gives nothing. */
export function parseStamp(description: string | undefined): Stamp {
  const found = new Map(
    [...(description ?? '').matchAll(/(?:^| )(commit|model|image)=(\S+)/g)].map((match) => [
      match[1],
      match[2],
    ]),
  );
  const [commit, model, digest] = [found.get('commit'), found.get('model'), found.get('image')];
  return { ...(commit && { commit }), ...(model && { model }), ...(digest && { digest }) };
}
