import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { weights, writeTinyBundle } from '../test/tiny-bundle.ts';
import { BundleError } from './errors.ts';
import { load } from './load.ts';

const scratch = mkdtempSync(join(tmpdir(), 'classifier-'));
afterAll(() => rmSync(scratch, { recursive: true }));
let folders = 0;
const newBundle = (options?: Parameters<typeof writeTinyBundle>[1]) =>
  writeTinyBundle(join(scratch, `${++folders}`), options);

/** The probability of spam, by hand. */
function spam(...tokens: string[]): number {
  const read = ['[CLS]', ...tokens, '[SEP]'].map((token) => weights[token]!);
  const margin = read.reduce((sum, [ham, spam]) => sum + ham - spam, 0);
  return 1 / (1 + Math.exp(margin));
}

for (const dtype of ['int64', 'int32'] as const)
  it(`answers what the model computes, with ${dtype} inputs, texts of every length at once`, async () => {
    const classifier = await load(newBundle({ dtype }));
    const [a, b, c, d] = await classifier.classify(['Free WINNER!', '', 'meeting', 'free '.repeat(50)]);
    expect(a).toEqual({
      label: 'spam',
      score: expect.closeTo(spam('free', 'win', '##ner', '!'), 5),
      scores: {
        ham: expect.closeTo(1 - spam('free', 'win', '##ner', '!'), 5),
        spam: expect.closeTo(a!.score, 8),
      },
      truncated: false,
      tokens: 6,
      unknownTokens: 0,
    });
    expect(b).toMatchObject({ label: 'ham', tokens: 2, scores: { spam: expect.closeTo(spam(), 5) } });
    expect(c).toMatchObject({
      label: 'ham',
      tokens: 3,
      scores: { spam: expect.closeTo(spam('meeting'), 5) },
    });
    expect(d).toMatchObject({ truncated: true, tokens: 8 });
    expect(d!.score).toBeCloseTo(spam(...Array<string>(6).fill('free')), 5);
    expect(await classifier.classify([])).toEqual([]);
    await classifier.dispose();
  });

it('many texts and many calls at once answer as one text alone does', async () => {
  const classifier = await load(newBundle());
  const words = Object.keys(weights).slice(4);
  const texts = Array.from({ length: 100 }, (_, i) =>
    words
      .slice(0, i % 7)
      .join(' ')
      .repeat(1 + (i % 2)),
  );
  const alone = [];
  for (const text of texts) alone.push((await classifier.classify([text]))[0]);
  const together = await Promise.all(
    [texts, texts.toReversed(), texts].map((all) => classifier.classify(all)),
  );
  const close = alone.map((one) => ({
    ...one,
    score: expect.closeTo(one!.score, 5),
    scores: expect.anything(),
  }));
  expect(together).toEqual([close, close.toReversed(), close]);
  await classifier.dispose();
});

it('disposed while it runs, it finishes; called after that, it says what to do', async () => {
  const classifier = await load(newBundle());
  const running = classifier.classify(['free']);
  await Promise.all([classifier.dispose(), classifier.dispose()]);
  expect((await running)[0]!.label).toBe('spam');
  const gone = /tiny [0-9a-f]{12} was disposed: load the bundle again/;
  await expect(classifier.classify(['free'])).rejects.toThrow(gone);
  await expect(classifier.complete()).rejects.toThrow(gone);
});

describe('refuses', () => {
  const cases: [string, (folder: string) => void, RegExp][] = [
    [
      'no manifest',
      (f) => rmSync(join(f, 'manifest.json')),
      /^manifest.json: can't be read from .*Is this a model bundle/,
    ],
    [
      'a manifest cut short',
      (f) => truncateSync(join(f, 'manifest.json'), 100),
      /^manifest.json: is not JSON/,
    ],
    ['a missing model', (f) => rmSync(join(f, 'model.onnx')), /^model.onnx: is missing/],
    [
      'a longer model',
      (f) => appendFileSync(join(f, 'model.onnx'), 'x'),
      /^model.onnx: has \d+ bytes, the manifest says/,
    ],
    [
      'a changed tokenizer',
      (f) => flip(join(f, 'tokenizer.json')),
      /^tokenizer.json: has SHA-256 .* Pull the bundle again/,
    ],
    ['changed golden requests', (f) => flip(join(f, 'golden.json')), /^golden.json: has SHA-256/],
  ];
  it.each(cases)('%s', async (_, damage, message) => {
    const folder = newBundle();
    damage(folder);
    const error = await load(folder).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(BundleError);
    expect(`${error}`.replace('BundleError: ', '')).toMatch(message);
  });

  it('inputs that it can not fill', async () => {
    const folder = newBundle({ change: (manifest) => (manifest.inputs[1]!.name = 'pixel_values') });
    await expect(load(folder)).rejects.toThrow('inputs has pixel_values, which nothing here can fill');
  });

  it('a model that is not what the manifest says', async () => {
    const folder = newBundle({ change: (manifest) => (manifest.inputs[1]!.name = 'token_type_ids') });
    await expect(load(folder)).rejects.toThrow(
      'model.onnx: takes input_ids, attention_mask and gives logits, the manifest says input_ids, token_type_ids',
    );
  });
});

/** Overwrites the first byte: same size, other content. */
function flip(path: string): void {
  writeFileSync(path, '!', { flag: 'r+' });
}
