/** An image of the repository, as far as pruning asks. */
export interface StoredImage {
  digest: string;
  tags: string[];
  pushedAt: Date;
  sizeBytes: number;
  /** The image that this one is about (a signature, an attestation), by digest. */
  subject?: string | undefined;
}

/** What may go and what has to stay. */
export interface Policy {
  /** The newest images that stay in any case. */
  keep: number;
  /** Days an image stays in any case. */
  olderThanDays: number;
  /** Tags that stay; `*` stands for any text. */
  keepTags: string[];
  /** Digests in use, each with the function that uses it. */
  used: ReadonlyMap<string, string>;
  now: Date;
}

/** What happens to an image, and why. */
export interface Decision {
  image: StoredImage;
  verdict: 'keep' | 'delete';
  reason: string;
}

const dayMs = 86_400_000;

/**
 * Decides for each image, newest first. An image goes only when nothing speaks for it: no function uses it, no tag
 * keeps it, it is old enough and beyond the newest. What is about an image stays or goes with it.
 */
export function plan(images: StoredImage[], policy: Policy): Decision[] {
  const newestFirst = images.toSorted((a, b) => b.pushedAt.getTime() - a.pushedAt.getTime());
  const subjects = new Set(images.map(({ digest }) => digest));
  const isAbout = (image: StoredImage) => image.subject !== undefined && subjects.has(image.subject);
  const decisions = new Map<string, Decision>();
  let rank = 0;
  for (const image of newestFirst.filter((candidate) => !isAbout(candidate))) {
    rank++;
    const reason = reasonToKeep(image, rank, policy);
    const age = Math.floor((policy.now.getTime() - image.pushedAt.getTime()) / dayMs);
    decisions.set(
      image.digest,
      reason
        ? { image, verdict: 'keep', reason }
        : { image, verdict: 'delete', reason: `unused, ${age} days old, number ${rank} by age` },
    );
  }
  // A signature may itself be signed: follow each to the image at the end.
  const subjectOf = new Map(images.map(({ digest, subject }) => [digest, subject]));
  for (const image of newestFirst.filter(isAbout)) {
    let subject = image.subject;
    for (let hops = 0; subject && !decisions.has(subject) && hops < images.length; hops++)
      subject = subjectOf.get(subject);
    const owner = subject ? decisions.get(subject) : undefined;
    const own = reasonToKeep(image, Number.POSITIVE_INFINITY, policy);
    const verdict = owner?.verdict === 'delete' && !own ? 'delete' : 'keep';
    const reason =
      own ?? `about ${short(image.subject ?? '')}, which ${verdict === 'keep' ? 'stays' : 'goes'}`;
    decisions.set(image.digest, { image, verdict, reason });
  }
  return newestFirst.map(({ digest }) => decisions.get(digest)!);
}

function reasonToKeep(image: StoredImage, rank: number, policy: Policy): string | undefined {
  const user = policy.used.get(image.digest);
  if (user) return `used by ${user}`;
  const tag = image.tags.find((candidate) => policy.keepTags.some((pattern) => matches(candidate, pattern)));
  if (tag) return `tagged ${tag}`;
  if (rank <= policy.keep) return `one of the newest ${policy.keep}`;
  // An image without a time is one we know too little of.
  const ageMs = policy.now.getTime() - image.pushedAt.getTime();
  if (!(ageMs > policy.olderThanDays * dayMs)) return `not older than ${policy.olderThanDays} days`;
  return undefined;
}

/** Whether a tag is meant by a pattern in which `*` stands for any text. */
function matches(tag: string, pattern: string): boolean {
  return new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`).test(tag);
}

const short = (digest: string) => digest.replace('sha256:', '').slice(0, 12);
