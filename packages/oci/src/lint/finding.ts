/** Something Lambda would reject (error) or someone would regret (warning), with its reason and its remedy. */
export interface Finding {
  rule: string;
  severity: 'error' | 'warning';
  /** The manifest, the config or a layer. */
  where: string;
  problem: string;
  fix: string;
}

/** `a, b, c and 12 more`: enough to know what is meant. */
export function some(paths: string[]): string {
  const shown = paths.slice(0, 3).join(', ');
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
}
