import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Policy, plan, type StoredImage } from './plan.ts';

const now = new Date('2026-06-01T00:00:00Z');
const image = (digest: string, days: number, more: Partial<StoredImage> = {}): StoredImage => ({
  digest,
  tags: [],
  pushedAt: new Date(now.getTime() - days * 86_400_000),
  sizeBytes: 1,
  ...more,
});
const policy = (more: Partial<Policy> = {}): Policy => ({
  keep: 0,
  olderThanDays: 30,
  keepTags: [],
  used: new Map(),
  now,
  ...more,
});
const reasons = (images: StoredImage[], more: Partial<Policy> = {}) =>
  Object.fromEntries(
    plan(images, policy(more)).map((one) => [one.image.digest, `${one.verdict}: ${one.reason}`]),
  );

describe('plan', () => {
  it('deletes what is unused, old, untagged and beyond the newest, and says why for each', () => {
    const images = [
      image('live', 400),
      image('kept', 300, { tags: ['release-1'] }),
      image('old', 200, { tags: ['abc'] }),
      image('young', 3),
      image('new', 1),
    ];
    expect(
      reasons(images, { keep: 1, keepTags: ['release-*'], used: new Map([['live', 'spam:3']]) }),
    ).toEqual({
      new: 'keep: one of the newest 1',
      young: 'keep: not older than 30 days',
      old: 'delete: unused, 200 days old, number 3 by age',
      kept: 'keep: tagged release-1',
      live: 'keep: used by spam:3',
    });
  });

  it('takes a pattern as the whole tag and nothing of it as an expression', () => {
    const tagged = (tag: string, pattern: string) =>
      reasons([image('x', 99, { tags: [tag] })], { keepTags: [pattern] }).x?.startsWith('keep');
    expect(tagged('v1.2', 'v1.*')).toBe(true);
    expect(tagged('v1.2', 'v1.2')).toBe(true);
    expect(tagged('v1x2', 'v1.2')).toBe(false);
    expect(tagged('xv1.2', 'v1.2')).toBe(false);
    expect(tagged('a', '(a+)+$')).toBe(false);
  });

  it('lets what is about an image stay and go with it', () => {
    const images = [
      image('live', 90),
      image('signature', 90, { subject: 'live' }),
      image('dead', 80),
      image('sbom', 1, { subject: 'dead' }),
      image('signed-sbom', 1, { subject: 'sbom' }),
      image('orphan', 99, { subject: 'gone long ago' }),
    ];
    expect(reasons(images, { used: new Map([['live', 'spam:$LATEST']]) })).toEqual({
      live: 'keep: used by spam:$LATEST',
      signature: 'keep: about live, which stays',
      dead: 'delete: unused, 80 days old, number 1 by age',
      sbom: 'keep: not older than 30 days',
      'signed-sbom': 'keep: not older than 30 days',
      orphan: 'delete: unused, 99 days old, number 3 by age',
    });
    expect(reasons(images, { olderThanDays: 0 }).sbom).toBe('delete: about dead, which goes');
    expect(reasons(images, { olderThanDays: 0 })['signed-sbom']).toBe('delete: about sbom, which goes');
    const circle = [image('a', 99, { subject: 'b' }), image('b', 99, { subject: 'a' })];
    expect(reasons(circle, { keep: 0 }).a).toMatch(/^keep/);
  });

  it('keeps an image whose age it does not know', () => {
    expect(reasons([image('x', 99, { pushedAt: new Date(Number.NaN) })]).x).toMatch(/^keep/);
  });

  it('never deletes what is used, tagged to stay, young or among the newest', () => {
    const digest = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
    const stored = fc.record({
      digest,
      days: fc.integer({ min: 0, max: 99 }),
      tag: fc.constantFrom('keep-1', 'x'),
      subject: fc.option(digest, { nil: undefined }),
    });
    const images = fc.uniqueArray(stored, { selector: (one) => one.digest });
    fc.assert(
      fc.property(
        images,
        fc.uniqueArray(digest),
        fc.nat(4),
        fc.nat(60),
        (given, used, keep, olderThanDays) => {
          const list = given.map((one) =>
            image(one.digest, one.days, { tags: [one.tag], subject: one.subject }),
          );
          const decisions = plan(
            list,
            policy({
              keep,
              olderThanDays,
              keepTags: ['keep-*'],
              used: new Map(used.map((name) => [name, 'f:1'])),
            }),
          );
          expect(decisions.map((one) => one.image.digest).sort()).toEqual(
            list.map((one) => one.digest).sort(),
          );
          const gone = decisions.filter((one) => one.verdict === 'delete').map((one) => one.image);
          for (const one of gone) {
            expect(used).not.toContain(one.digest);
            expect(one.tags).toEqual(['x']);
            expect((now.getTime() - one.pushedAt.getTime()) / 86_400_000).toBeGreaterThan(olderThanDays);
          }
          expect(list.length - gone.length).toBeGreaterThanOrEqual(
            Math.min(keep, list.filter((one) => !one.subject).length),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});
