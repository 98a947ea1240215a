/** Where a version comes from: what its description and its alias's say, so that nothing else has to remember it. */
export interface Stamp {
  /** On an alias: the version that the rest is about. An alias that somebody moved by hand keeps its old description. */
  version?: string;
  commit?: string;
  model?: string;
  digest?: string;
  metrics?: Record<string, number>;
  /** On an alias: the version it pointed at before. */
  previous?: string;
  /** On an alias: when it was moved, ISO 8601. */
  since?: string;
}

const longest = 256;

/**
 * A stamp as a description, which holds 256 characters in Lambda: `version=8 commit=… model=…
 * image=sha256:… previous=7 since=… metrics=accuracy:0.98,mcc:0.95`. What doesn't fit is left out from the end, never cut in the middle.
 */
export function formatStamp(stamp: Stamp): string {
  const metrics = Object.entries(stamp.metrics ?? {}).map(
    ([name, value]) => `${name}:${Number(value.toFixed(4))}`,
  );
  const parts = [
    ['version', stamp.version],
    ['commit', stamp.commit],
    ['model', stamp.model],
    ['image', stamp.digest],
    ['previous', stamp.previous],
    ['since', stamp.since],
    ['metrics', metrics.join(',')],
  ]
    .filter(([, value]) => value)
    .map(([key, value]) => `${key}=${value}`);
  while (parts.join(' ').length > longest) parts.pop();
  return parts.join(' ');
}

/** Reads what it can from a description; one that a person wrote gives nothing. */
export function parseStamp(description: string | undefined): Stamp {
  const found = new Map(
    [
      ...(description ?? '').matchAll(/(?:^| )(version|commit|model|image|previous|since|metrics)=(\S+)/g),
    ].map((match) => [match[1], match[2]]),
  );
  const stamp: Stamp = {};
  for (const key of ['version', 'commit', 'model', 'previous', 'since'] as const) {
    const value = found.get(key);
    if (value) stamp[key] = value;
  }
  const digest = found.get('image');
  if (digest) stamp.digest = digest;
  const metrics = [...(found.get('metrics') ?? '').matchAll(/([^:,]+):(-?[\d.]+)/g)];
  if (metrics.length > 0)
    stamp.metrics = Object.fromEntries(metrics.map((match) => [match[1] ?? '', Number(match[2])]));
  return stamp;
}

/** Now, for `since`. */
export function timestamp(): string {
  return new Date().toISOString();
}
