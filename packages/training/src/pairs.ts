const MIN_PAIR_COUNT = 2;
// Two piece ids in one number: a vocabulary stays far below 2²⁰ entries.
const SHIFT = 2 ** 20;

/**
 * Grows `alphabet` to at most `room` pieces by merging, again and again, the pair of neighbouring pieces that is
 * most frequent over all words. A word with a piece outside the alphabet takes no part. Pairs wait in buckets by
 * count; a merge seldom makes a pair more frequent than itself, so the sweep goes from high counts to low.
 */
export function mergePairs(
  words: { pieces: string[]; count: number }[],
  alphabet: string[],
  room: number,
  prefix: string,
): string[] {
  const names = [...alphabet];
  const ids = new Map(names.map((name, id) => [name, id]));
  const spelt = words.flatMap(({ pieces, count }) => {
    const word = pieces.map((piece) => ids.get(piece) ?? -1);
    return word.includes(-1) ? [] : [{ word, count }];
  });
  const counts = new Map<number, number>();
  const places = new Map<number, Set<number>>();
  const queue = new Map<number, number[]>();
  let best = 0;

  function countPairs(place: number, sign: 1 | -1): void {
    const { word, count } = spelt[place]!;
    for (let i = 0; i + 1 < word.length; i++) {
      const pair = word[i]! * SHIFT + word[i + 1]!;
      counts.set(pair, (counts.get(pair) ?? 0) + sign * count);
      if (sign < 0) continue;
      const seen = places.get(pair);
      if (seen) seen.add(place);
      else places.set(pair, new Set([place]));
    }
  }

  function enqueue(pair: number): void {
    const count = counts.get(pair) ?? 0;
    const waiting = queue.get(count);
    if (waiting) waiting.push(pair);
    else queue.set(count, [pair]);
    best = Math.max(best, count);
  }

  /** Puts the new piece in every word that has the pair; returns the pairs it now forms with its neighbours. */
  function merge(pair: number, id: number): Set<number> {
    const formed = new Set<number>();
    for (const place of places.get(pair)!) {
      countPairs(place, -1);
      const word = replacePair(spelt[place]!.word, Math.floor(pair / SHIFT), pair % SHIFT, id);
      spelt[place]!.word = word;
      countPairs(place, 1);
      for (let i = 0; i + 1 < word.length; i++) {
        if (word[i] === id || word[i + 1] === id) formed.add(word[i]! * SHIFT + word[i + 1]!);
      }
    }
    return formed;
  }

  for (const place of spelt.keys()) countPairs(place, 1);
  for (const pair of counts.keys()) enqueue(pair);
  while (best >= MIN_PAIR_COUNT && names.length < room) {
    const pair = queue.get(best)?.pop();
    if (pair === undefined) {
      best--;
    } else if (counts.get(pair) !== best) {
      // Other merges took some of its occurrences since it was put here.
      enqueue(pair);
    } else {
      const [first, second] = [names[Math.floor(pair / SHIFT)]!, names[pair % SHIFT]!];
      const name = first + second.slice(prefix.length);
      // Two merges can spell the same piece; the words then share its id.
      const id = ids.get(name) ?? names.push(name) - 1;
      ids.set(name, id);
      for (const formed of merge(pair, id)) enqueue(formed);
    }
  }
  return names;
}

function replacePair(word: number[], first: number, second: number, id: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < word.length; i++) {
    const isPair = word[i] === first && word[i + 1] === second;
    merged.push(isPair ? id : word[i]!);
    if (isPair) i++;
  }
  return merged;
}
