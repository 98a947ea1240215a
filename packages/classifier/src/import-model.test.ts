import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bertModel } from '../bench/bert.ts';
import { tokenizerFile } from '../test/tokenizer-file.ts';
import { importModel } from './import-model.ts';
import { load } from './load.ts';
import { parseManifest } from './manifest.ts';

const scratch = mkdtempSync(join(tmpdir(), 'import-'));
afterAll(() => rmSync(scratch, { recursive: true }));
let folders = 0;
const newFolder = () => join(scratch, `${++folders}`);

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const shape = { layers: 1, hidden: 64, heads: 2, feedForward: 128, vocabulary: 32, positions: 40, labels: 3 };
const model = bertModel(shape);

/** What an exporter leaves in a folder, and other files. */
function exported(config?: object, more: Record<string, object> = {}): string {
  const folder = newFolder();
  mkdirSync(join(folder, 'onnx'), { recursive: true });
  writeFileSync(join(folder, 'onnx/model.onnx'), model);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerFile(letters)));
  for (const [file, content] of Object.entries({ ...(config && { 'config.json': config }), ...more }))
    writeFileSync(join(folder, file), JSON.stringify(content));
  return folder;
}
const config = {
  id2label: { 1: 'neutral', 0: 'bad', 2: 'good' },
  max_position_embeddings: 40,
  _name_or_path: 'somebody/model',
};

it('a folder with a config becomes a bundle that loads and answers its own golden texts', async () => {
  const target = newFolder();
  const manifest = await importModel(exported(config), target, { name: 'mood' });
  expect(manifest).toMatchObject({
    ...{
      name: 'mood',
      labels: ['bad', 'neutral', 'good'],
      maxTokens: 40,
      baseModel: 'somebody/model',
      opset: 17,
    },
    inputs: [{ name: 'input_ids', dtype: 'int64' }, { name: 'attention_mask' }],
  });
  expect(parseManifest(JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')))).toEqual(manifest);
  const { cases } = JSON.parse(readFileSync(join(target, 'golden.json'), 'utf8'));
  const classifier = await load(target);
  const again = await classifier.classify(cases.map(({ text }: { text: string }) => text));
  expect(again.map(({ label, scores }) => ({ label, scores }))).toEqual(
    cases.map(({ label, scores }: { label: string; scores: object }) => ({ label, scores })),
  );
  await classifier.dispose();
});

it("is no longer than the model's positions or the tokenizer's word for it", async () => {
  const roberta = { ...config, max_position_embeddings: 42 };
  for (const [length, maxTokens] of [
    [38, 38],
    [1e30, 42],
  ] as const) {
    const source = exported(roberta, { 'tokenizer_config.json': { model_max_length: length } });
    const imported = importModel(source, newFolder());
    if (maxTokens <= shape.positions) expect(await imported).toMatchObject({ maxTokens });
    else await expect(imported).rejects.toThrow(/fails on a text of 42 tokens\. .*--max-tokens/);
  }
});

it('by command, with labels of its own and in 8 bits', () => {
  const [source, target, golden] = [exported(), newFolder(), newFolder()];
  writeFileSync(golden, 'a b c\n\nd e f\n');
  const args = [source, target, '--labels', 'x, y,z', '--int8', '--golden', golden, '--max-tokens', '16'];
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, 'cli.ts'), ...args], { encoding: 'utf8' });
  expect(run(...args)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/: \d+ [0-9a-f]{12}, x or y or z\n$/),
  });
  const manifest = JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ maxTokens: 16, serving: { precision: 'int8', plan: 'serving.plan' } });
  expect(JSON.parse(readFileSync(join(target, 'golden.json'), 'utf8'))).toMatchObject({ tolerance: 0.01 });
  expect(run(source, newFolder(), '--max-tokens', 'many')).toMatchObject({
    status: 1,
    stderr: '--max-tokens: must be a whole number, is many\n',
  });
  expect(run(...args)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('exists already. Give a new folder'),
  });
  expect(run()).toMatchObject({ status: 1, stdout: expect.stringContaining('pnpm import-model <folder>') });
});

describe('refuses, and leaves nothing', () => {
  it.each([
    [
      'labels that are not the logits',
      () => exported(),
      { labels: ['a', 'b'] },
      /model.onnx: gives 3 logits for the labels a, b/,
    ],
    ['no labels', () => exported(), {}, /\(none\)\. Name them in the order of the logits/],
    ['no model', () => scratch, {}, /onnx.model.onnx: can't be read/],
    [
      'what is no model',
      () => {
        const folder = exported(config);
        writeFileSync(join(folder, 'onnx/model.onnx'), 'html');
        return folder;
      },
      {},
      /model.onnx: can't be loaded by ONNX Runtime/,
    ],
    [
      'several labels at once',
      () => exported({ ...config, problem_type: 'multi_label_classification' }),
      { labels: ['a', 'b', 'c'] },
      /config.json: problem_type is multi_label_classification\. Only models that give each text one label/,
    ],
    [
      'weights in a file of their own',
      () => exported(config, { 'onnx/model.onnx.data': {} }),
      {},
      /onnx.model.onnx: has its weights in onnx.model.onnx.data\. Write both into one file/,
    ],
    [
      'a tokenizer that makes nothing of an empty text',
      () => exported(config, { 'tokenizer.json': tokenizerFile(letters, {}, { post_processor: null }) }),
      {},
      /fails on a text of no tokens but special ones\. Its tokenizer.json/,
    ],
    [
      'another tokenizer',
      () => {
        const folder = exported(config);
        writeFileSync(join(folder, 'tokenizer.json'), '{"model":{"type":"Mine"}}');
        return folder;
      },
      {},
      /tokenizer.json: is of a kind that @huggingface.tokenizers does not read/,
    ],
  ])('%s', async (_, source, options, message) => {
    const target = newFolder();
    await expect(importModel(source(), target, options)).rejects.toThrow(message);
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(scratch).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });
});
