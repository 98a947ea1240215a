import { describe, expect, it } from 'vitest';
import { stripTraces } from './traces.ts';

const body = (...lines: string[]) => stripTraces({ subject: '', body: lines.join('\n') }).body;
const subject = (text: string) => stripTraces({ subject: text, body: '' }).subject;

describe('stripTraces', () => {
  it('removes the list tag of a subject and keeps Re:', () => {
    expect(subject('Re: [ILUG] Disk trouble')).toBe('Re: Disk trouble');
    expect(subject('[Razor-users] hello')).toBe('hello');
    expect(subject('Fwd: Re: [x] y')).toBe('Fwd: Re: y');
    expect(subject('about [brackets] inside')).toBe('about [brackets] inside');
  });

  it('removes a Mailman footer, quoted or not', () => {
    const footer = [
      '_______________________________________________',
      'Exmh-workers mailing list',
      'Exmh-workers@redhat.com',
      'https://listman.redhat.com/mailman/listinfo/exmh-workers',
    ];
    expect(body('text', ...footer)).toBe('text');
    expect(body('text', ...footer.map((line) => `> ${line}`), 'answer')).toBe('text\nanswer');
  });

  it('removes sponsor blocks and what follows them', () => {
    expect(
      body(
        'text',
        '-------------------------------------------------------',
        'This sf.net email is sponsored by:ThinkGeek',
        'Welcome to geek heaven.',
        'http://thinkgeek.com/sf',
        '_______________________________________________',
        'Razor-users mailing list',
        'Razor-users@lists.sourceforge.net',
        'https://lists.sourceforge.net/lists/listinfo/razor-users',
      ),
    ).toBe('text');
    expect(
      body(
        '------------------------ Yahoo! Groups Sponsor ---------------------~-->',
        '4 DVDs',
        '-----~->',
        'text',
      ),
    ).toBe('text');
  });

  it('removes footers that are single lines', () => {
    expect(
      body('text', "Irish Linux Users' Group: ilug@linux.ie", 'List maintainer: listmaster@linux.ie'),
    ).toBe('text');
  });

  it('does not swallow what follows a footer that never ends', () => {
    expect(body('_______________', 'our mailing list', 'a', 'b', 'c', 'd', 'e')).toContain('c\nd\ne');
  });

  it('leaves mentions and rulers alone', () => {
    const text = ['I found it on a mailing list.', '__________', 'signed, me'];
    expect(body(...text)).toBe(text.join('\n'));
  });

  it('removes the tokens that the curators put in place of recipients', () => {
    expect(body('write to zzzz@spamassassin.taint.org now')).toBe('write to  now');
    expect(body('certainty and uncertain entertainment stay')).toBe(
      'certainty and uncertain entertainment stay',
    );
  });

  it.each([
    ['one endless word', `${'z'.repeat(1e6)}`],
    ['endless quoting', `${'> '.repeat(5e5)}x`],
    ['a million rulers', '______\n'.repeat(2e5)],
    ['a million footers that never end', '______\nmailing list\n'.repeat(1e5)],
  ])('survives %s', (_name, text) => {
    expect(stripTraces({ subject: `[${text}`, body: text }).subject).toBeTypeOf('string');
  });
});
