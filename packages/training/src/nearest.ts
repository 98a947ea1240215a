/** The candidate closest to a misspelt word, or undefined if none is close (more than a third of it would change). */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.ceil(best.candidate.length / 3) ? best.candidate : undefined;
}

/** `, did you mean "x"?` when something is close, and what is allowed: the end of an error message. */
export function suggest(word: string, candidates: readonly string[]): string {
  const close = nearest(word, candidates);
  return `${close === undefined ? '' : `did you mean "${close}"? `}Allowed: ${candidates.join(', ')}`;
}

/** Insertions, deletions and substitutions between two words (Levenshtein), looking at 64 characters at most. */
function editDistance(a: string, b: string): number {
  const from = a.slice(0, 64);
  const to = b.slice(0, 64);
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substitution = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
