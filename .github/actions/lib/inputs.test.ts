import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from './errors.ts';
import {
  defaulted,
  flag,
  lines,
  oneOf,
  optional,
  pairs,
  readInputs,
  required,
  text,
  wholeNumber,
} from './inputs.ts';

const spec = {
  'function-name': required(text),
  alias: defaulted('live', text),
  memory: defaulted('512', wholeNumber(128, 10240)),
  architecture: optional(oneOf('x86_64', 'arm64')),
  force: defaulted('false', flag),
  targets: optional(lines),
};

const problemsOf = (env: Record<string, string>) => {
  try {
    readInputs('deploy-lambda', spec, env);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('readInputs', () => {
  it('reads what the runner sets, and defaults for the rest', () => {
    expect(
      readInputs('deploy-lambda', spec, {
        'INPUT_FUNCTION-NAME': ' spam ',
        INPUT_MEMORY: '1024',
        INPUT_ALIAS: '',
        INPUT_TARGETS: 'a.dvc\n\n  b.dvc\n',
        PATH: '/bin',
      }),
    ).toEqual({
      functionName: 'spam',
      alias: 'live',
      memory: 1024,
      architecture: undefined,
      force: false,
      targets: ['a.dvc', 'b.dvc'],
    });
  });

  it('names every problem at once, the nearest input and the allowed ones', () => {
    expect(
      problemsOf({
        'INPUT_FUNCTON-NAME': 'spam',
        INPUT_COLOUR: 'red',
        INPUT_MEMORY: '64',
        INPUT_ARCHITECTURE: 'amd64',
        INPUT_FORCE: 'yes',
      }).message,
    ).toMatchInlineSnapshot(`
      "Unknown input "functon-name": did you mean "function-name"?
      Unknown input "colour".
      Input "function-name" is required and was not given.
      Input "memory" is a whole number from 128 to 10240, not "64"
      Input "architecture" is one of x86_64, arm64, not "amd64": did you mean arm64?
      Input "force" is true or false, not "yes"
      deploy-lambda takes: function-name, alias, memory, architecture, force, targets"
    `);
  });

  it('never repeats the value of a malformed pair, which may be a secret', () => {
    const withPairs = { environment: optional(pairs) };
    expect(readInputs('x', withPairs, { INPUT_ENVIRONMENT: 'A=1\nB=x=y' })).toEqual({
      environment: { A: '1', B: 'x=y' },
    });
    expect(() => readInputs('x', withPairs, { INPUT_ENVIRONMENT: 'hunter2' })).toThrow(
      expect.not.stringContaining('hunter2'),
    );
  });

  it('takes any text for a text input, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        fc.pre(value.trim() !== '');
        expect(readInputs('x', { note: required(text) }, { INPUT_NOTE: value }).note).toBe(value.trim());
      }),
    );
  });

  it('accepts exactly the whole numbers between the bounds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer().map(String), fc.double().map(String), fc.string()), (value) => {
        const parse = wholeNumber(128, 10240);
        const good = /^\d+$/.test(value) && Number(value) >= 128 && Number(value) <= 10240;
        if (good) expect(parse(value)).toBe(Number(value));
        else expect(() => parse(value)).toThrow('whole number from 128 to 10240');
      }),
    );
  });
});
