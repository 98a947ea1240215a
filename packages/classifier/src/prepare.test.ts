import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareTinyBundle, writeTinyBundle } from '../test/tiny-bundle.ts';
import { readCompiled } from './compiled-tokenizer.ts';
import { BundleError } from './errors.ts';
import { load } from './load.ts';
import { prepare } from './prepare.ts';
import { openTokenizer, parseTokenizer } from './tokenizer.ts';

const scratch = mkdtempSync(join(tmpdir(), 'prepare-'));
afterAll(() => rmSync(scratch, { recursive: true }));
let folders = 0;
const newBundle = () => writeTinyBundle(join(scratch, `${++folders}`));
const parts = (folder: string) => ({
  model: readFileSync(join(folder, 'model.onnx')),
  tokenizer: JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')),
});
const texts = ['Free WINNER!', '', 'meeting notes', 'é zebra 日本', 'free '.repeat(50)];

it('a prepared bundle answers as it did, from the files made for it alone', async () => {
  const plain = await load(newBundle());
  const folder = await prepareTinyBundle(newBundle());
  for (const name of ['model.onnx', 'tokenizer.json']) rmSync(join(folder, name));
  for (const verify of [true, false]) {
    const prepared = await load(folder, { verify });
    expect(await prepared.classify(texts)).toEqual(await plain.classify(texts));
    expect((await prepared.classify(texts)).map(({ unknownTokens }) => unknownTokens)).toEqual([
      0, 0, 0, 3, 0,
    ]);
    await prepared.dispose();
  }
  await plain.dispose();
});

it('the same parts prepare to the same bytes', async () => {
  const { model, tokenizer } = parts(newBundle());
  expect(await prepare(model, tokenizer)).toEqual(await prepare(model, tokenizer));
});

it('a compiled tokenizer reads in place, aligned or not', async () => {
  const { model, tokenizer } = parts(newBundle());
  const { files, serving } = await prepare(model, tokenizer);
  const compiled = files[serving.tokenizer]!;
  for (const shift of [0, 1, 2]) {
    const bytes = new Uint8Array(compiled.length + shift);
    bytes.set(compiled, shift);
    const opened = openTokenizer(readCompiled(serving.tokenizer, bytes.subarray(shift)));
    const parsed = parseTokenizer(tokenizer);
    for (const text of texts) expect(opened.encode(text, 8)).toEqual(parsed.encode(text, 8));
    expect(opened.vocabularySize).toBe(parsed.vocabularySize);
  }
});

describe('refuses, naming the file', () => {
  it('what can not be optimised', async () => {
    const { tokenizer } = parts(newBundle());
    await expect(prepare(Buffer.from('no model'), tokenizer)).rejects.toThrow(
      /^model.onnx: can't be optimised/,
    );
  });

  it('a compiled tokenizer that is cut short or of another version', async () => {
    const folder = await prepareTinyBundle(newBundle());
    const path = join(folder, 'serving.tokenizer');
    const bytes = readFileSync(path);
    for (const broken of [
      bytes.subarray(0, 3),
      bytes.subarray(0, bytes.length - 2),
      Buffer.concat([Buffer.from('MLT9'), bytes.subarray(4)]),
    ]) {
      const copy = new Uint8Array(broken);
      expect(() => readCompiled('serving.tokenizer', copy)).toThrow(BundleError);
    }
    writeFileSync(path, '!', { flag: 'r+' });
    await expect(load(folder)).rejects.toThrow(/^serving.tokenizer: has SHA-256/);
    await expect(load(folder, { verify: false })).rejects.toThrow(
      /^serving.tokenizer: is not a compiled tokenizer/,
    );
  });

  it('a prepared model of another size than recorded, hashes or not', async () => {
    const folder = await prepareTinyBundle(newBundle());
    const path = join(folder, 'serving.onnx');
    writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size - 1));
    await expect(load(folder, { verify: false })).rejects.toThrow(
      /^serving.onnx: has \d+ bytes, the manifest says/,
    );
  });
});
