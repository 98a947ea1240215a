import type { Mail } from './mail.ts';

/**
 * Removes what mailing lists and the corpus' curators added to a mail and what would tell its label or its
 * origin by itself: `[list]` subject tags, list and sponsor footers (quoted ones too), redaction tokens.
 * Only substring tests and bounded look-ahead, so the cost is linear in the mail's size.
 */
export function stripTraces(mail: Mail): Mail {
  return {
    subject: withoutRedactions(withoutListTag(mail.subject)),
    body: withoutRedactions(withoutFooters(mail.body)),
  };
}

/** `Re: [ILUG] disks` → `Re: disks`; a tag is at most 40 characters. */
function withoutListTag(subject: string): string {
  return subject.replace(/^((?:(?:re|fw|fwd): ?){0,3})\[[^\][]{1,40}\] ?/i, '$1').trim();
}

interface Block {
  /** Whether the footer starts at this line; `next` is the line below. */
  starts: (line: string, next: string) => boolean;
  /** Whether this line, still part of the footer, is its last. */
  ends: (line: string) => boolean;
  /** Lines it may span: a footer that never ends must not swallow the mail. */
  maxLines: number;
}

const isSponsor = (line: string) => line.startsWith('this sf.net email is sponsored by');

const BLOCKS: Block[] = [
  {
    // Mailman: ____, name, address, subscription page.
    starts: (line, next) => line.startsWith('______') && next.includes('mailing list'),
    ends: (line) => line.includes('/listinfo/'),
    maxLines: 4,
  },
  {
    // SourceForge: ----, sponsor's text, and then Mailman's ____ or the end.
    starts: (line, next) => isSponsor(line) || (line.startsWith('------') && isSponsor(next)),
    ends: (line) => line.includes('http://') || line.includes('https://'),
    maxLines: 6,
  },
  {
    starts: (line) => line.includes('yahoo! groups sponsor'),
    ends: (line) => line.endsWith('->'),
    maxLines: 12,
  },
  {
    starts: (line) => line.startsWith('to unsubscribe from this group, send an email to'),
    ends: (line) => line.includes('@'),
    maxLines: 2,
  },
  {
    starts: (line) => line.startsWith('you have received this message because you subscribed to it'),
    ends: (line) => line.endsWith('your preferences from there.'),
    maxLines: 10,
  },
];

const FOOTER_LINES = [
  '/mailman/listinfo',
  '/lists/listinfo',
  "irish linux users' group",
  'list maintainer: ',
  'your use of yahoo! groups is subject to',
  'deathtospam',
];

function withoutFooters(body: string): string {
  const lines = body.split('\n');
  const plain = lines.map((line) => line.replace(/^[>|\s]+/, '').toLowerCase());
  const kept: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    const block = BLOCKS.find((candidate) => candidate.starts(plain[i]!, plain[i + 1] ?? ''));
    if (block) {
      i = lastLine(plain, i, block);
    } else if (!FOOTER_LINES.some((part) => plain[i]!.includes(part))) {
      kept.push(lines[i]!);
    }
  }
  return kept.join('\n').trim();
}

function lastLine(plain: string[], first: number, block: Block): number {
  const end = Math.min(plain.length, first + block.maxLines);
  for (let i = first + 1; i < end; i++) {
    if (block.ends(plain[i]!)) return i;
  }
  return first;
}

// The curators rewrote recipients to these, in ham far more often than in spam.
const REDACTIONS = ['taint.org', 'zzzz', 'example.com', 'netnoteinc', 'jmason.org'];

function withoutRedactions(text: string): string {
  return text.replace(/[^\s<>()[\]",;:]+/g, (word) => {
    const lower = word.toLowerCase();
    return REDACTIONS.some((token) => lower.includes(token)) ? '' : word;
  });
}
