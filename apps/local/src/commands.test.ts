import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommand, parseEnvFile, strike } from './commands.ts';

describe('parseEnvFile', () => {
  it('reads lines and blocks', () => {
    expect(parseEnvFile('a=1=2\nb<<END\nx\n\ny=3\nEND\nc=\n')).toEqual({ a: '1=2', b: 'x\n\ny=3', c: '' });
  });

  it('refuses a block without an end and a line without a name', () => {
    expect(() => parseEnvFile('a<<END\nx\n')).toThrow(/no closing END/);
    expect(() => parseEnvFile('nonsense\n')).toThrow(/neither/);
  });

  it('gives back whatever @actions/core would write', () => {
    const value = fc.string().filter((text) => !text.includes('\r') && !text.includes('ghadelimiter'));
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), value, (name, text) => {
        const written = `${name}<<ghadelimiter_1\n${text}\nghadelimiter_1\n`;
        expect(parseEnvFile(written)).toEqual({ [name]: text });
      }),
    );
  });
});

describe('parseCommand', () => {
  it('reads commands with and without properties', () => {
    expect(parseCommand('::add-mask::secret')).toEqual({ name: 'add-mask', text: 'secret' });
    expect(parseCommand('::error file=a.ts,line=1::one%0Atwo')).toEqual({ name: 'error', text: 'one\ntwo' });
    expect(parseCommand('plain ::text::')).toBeUndefined();
  });
});

describe('strike', () => {
  it('leaves no mask readable, not even the tail of a longer one', () => {
    expect(strike('token=abcdef abc', ['abc', 'abcdef', ''])).toBe('token=*** ***');
  });
});
