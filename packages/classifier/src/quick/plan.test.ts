import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { bertModel, type Shape } from '../../bench/bert.ts';
import { elementType, model, node, sumModel, tensor, value } from '../../test/onnx.ts';
import { tokenizerFile } from '../../test/tokenizer-file.ts';
import { prepare } from '../prepare.ts';
import { makePlan } from './make-plan.ts';
import { Memory } from './memory.ts';
import { type Machine, openPlan, type Plan, writePlan } from './plan.ts';
import { provePlan } from './prove.ts';
import { ints } from './values.ts';

const scratch = mkdtempSync(join(tmpdir(), 'plan-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const tokenizer = tokenizerFile(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a']);
const shape: Shape = {
  ...{ layers: 2, hidden: 64, heads: 4, feedForward: 128, vocabulary: 500, positions: 200, labels: 3 },
};
const exported = (name: string) => readFileSync(join(import.meta.dirname, `../../test/exports/${name}.onnx`));

let folders = 0;
async function prepared(bytes: Uint8Array, precision: 'float32' | 'int8') {
  const made = await prepare(bytes, tokenizer, { precision });
  const folder = mkdtempSync(join(scratch, `${++folders}-`));
  for (const [name, content] of Object.entries(made.files)) writeFileSync(join(folder, name), content);
  const { plan, weights } = made.serving;
  const paths = [plan, weights].filter((name) => name !== undefined).map((name) => join(folder, name));
  return { ...made, folder, paths };
}

/** Logits for two rows, the second one padded at its end. */
async function answers(machine: Machine, session: InferenceSession, tokens: number) {
  const inputs = Object.fromEntries(
    session.inputNames.map((name) => {
      const ids = Array.from({ length: 2 * tokens }, (_, i) =>
        i < tokens + tokens / 2 ? 3 + ((i * 7) % 25) : 0,
      );
      const data = name === 'input_ids' ? ids : ids.map((id) => Number(name === 'attention_mask' && id > 0));
      return [name, ints([2, tokens], data)];
    }),
  );
  const found = await machine.run(inputs);
  const feeds = Object.entries(inputs).map(([name, { dims, data }]) => [
    name,
    new Tensor('int64', BigInt64Array.from(data, BigInt), dims),
  ]);
  const { logits } = await session.run(Object.fromEntries(feeds), ['logits']);
  return { found: [...found], expected: [...(logits!.data as Float32Array)] };
}

describe('a plan answers as the prepared model does in ONNX Runtime', () => {
  const models: [string, Uint8Array][] = [
    ['BERT', bertModel(shape)],
    ['BERT of an older opset', bertModel(shape, { layerNorm: 'decomposed' })],
    [
      'a sum of weights',
      sumModel([[50, -50], ...Array.from({ length: 30 }, (_, i) => [i / 7, -i / 3])], 'int64'),
    ],
    ...['bert-opset14', 'roberta-opset17', 'distilbert-dynamo'].map((name): [string, Uint8Array] => [
      name,
      exported(name),
    ]),
  ];
  for (const precision of ['float32', 'int8'] as const)
    it.for(models)(`%s, ${precision}`, async ([, bytes]) => {
      const { folder, paths, serving, whyNoPlan } = await prepared(bytes, precision);
      expect(whyNoPlan).toBeUndefined();
      const session = await InferenceSession.create(join(folder, serving.model), {
        graphOptimizationLevel: 'disabled',
        extra: { session: { x64quantprecision: '1' } },
      });
      const machine = openPlan(...paths);
      for (const tokens of [2, 12, 16]) {
        const { found, expected } = await answers(machine, session, tokens);
        expect(found).toHaveLength(expected.length);
        for (const [at, logit] of expected.entries())
          expect(found[at]).toBeCloseTo(logit, precision === 'int8' ? 2 : 4);
      }
      machine.close();
      await session.release();
    });
});

it('puts an exporter’s Gelu and biases into single steps, and leaves weights where they lie', async () => {
  const { paths, files } = await prepared(bertModel(shape), 'int8');
  const machine = openPlan(...paths);
  const { nodes, weights } = machine.plan;
  machine.close();
  expect(nodes.filter(({ op }) => op === 'Gelu')).toHaveLength(shape.layers);
  expect(nodes.filter(({ op }) => op === 'Erf')).toEqual([]);
  const products = nodes.filter(({ op }) => op === 'DynamicQuantizeMatMul');
  // Six in a layer, and the pooler's.
  expect(products).toHaveLength(shape.layers * 6 + 1);
  expect(products.every(({ inputs }) => inputs.length === 5)).toBe(true);
  const large = weights.filter(({ dims }) => dims.reduce((a, b) => a * b, 1) > 4096);
  expect(large.every(({ file }) => file === 1)).toBe(true);
  expect(files['serving.plan']!.length).toBeLessThan(30_000);
});

it('texts of any length and overlapping calls share one memory', async () => {
  const { folder, paths, serving } = await prepared(bertModel(shape), 'float32');
  const session = await InferenceSession.create(join(folder, serving.model), {
    graphOptimizationLevel: 'disabled',
  });
  const machine = openPlan(...paths);
  const all = await Promise.all([150, 2, 70, 2, 150].map((tokens) => answers(machine, session, tokens)));
  for (const { found, expected } of all)
    for (const [at, logit] of expected.entries()) expect(found[at]).toBeCloseTo(logit, 4);
  machine.close();
  await session.release();
});

it('memory stays as large as the longest text needs it, whatever was asked in between', async () => {
  const file = join(scratch, 'flat.plan');
  const bytes = bertModel(shape);
  writeFileSync(file, makePlan(bytes, bytes));
  const machine = openPlan(file);
  const run = (tokens: number, id: number) => {
    const input = (value: number) => ints([1, tokens], new Array<number>(tokens).fill(value));
    return machine.run({ input_ids: input(id), attention_mask: input(1) });
  };
  const first = await run(3, 7);
  await run(150, 7);
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  for (let i = 0; i < 1000; i++)
    // Every seventh fails, at once or after a while.
    if (i % 7) await run(1 + ((i * 37) % 150), i % shape.vocabulary);
    else await expect(run(i % 2 ? 150 : 201, i % 2 ? shape.vocabulary : 7)).rejects.toThrow(RangeError);
  expect(grow).not.toHaveBeenCalled();
  expect(await run(3, 7)).toEqual(first);
  grow.mockRestore();
  machine.close();
});

it('memory that can’t be had leaves no trace', () => {
  const memory = new Memory([], 0);
  const { at } = memory.allocate(64);
  for (const sizeBytes of [2 ** 33, Number.NaN, -64])
    expect(() => memory.allocate(sizeBytes)).toThrow(RangeError);
  expect(memory.allocate(64).at).toBe(at + 128);
});

describe('there is no plan, and why,', () => {
  const ids = value('input_ids', elementType.int64, ['batch', 'sequence']);
  const logits = value('logits', elementType.float, ['batch', 'sequence']);
  const plain: Parameters<typeof model>[0] = {
    nodes: [node('Cast', ['input_ids'], 'logits', { to: 1 })],
    initializers: [],
    inputs: [ids],
    outputs: [logits],
  };
  const cases: [string, Partial<typeof plain>, RegExp][] = [
    ['for an operator nobody wrote', { nodes: [node('Sign', ['input_ids'], 'logits')] }, /^it uses Sign$/],
    [
      'for an input nobody can fill',
      { inputs: [value('pixel_values', elementType.int64, ['batch'])] },
      /^it asks for pixel_values$/,
    ],
    [
      'for two outputs',
      { outputs: [logits, value('more', elementType.float, ['batch'])] },
      /^it has 2 outputs$/,
    ],
    [
      'for a type of numbers nobody knows',
      {
        initializers: [tensor('half', [1], 10, new Uint16Array(1))],
        nodes: [node('Add', ['half', 'half'], 'logits')],
      },
      /^it has values of ONNX's element type 10$/,
    ],
    [
      'for so large a model that it would never be asked',
      {
        initializers: [tensor('matrix', [1024, 1024], elementType.float, new Float32Array(1024 * 1024))],
        nodes: Array.from({ length: 24 }, (_, at) => node('MatMul', [`x${at}`, 'matrix'], `x${at + 1}`)),
      },
      /^a short text costs more than to start ONNX Runtime$/,
    ],
  ];
  it.for(cases)('%s', ([, parts, why]) => {
    const bytes = model({ ...plain, ...parts });
    expect(() => makePlan(bytes, bytes)).toThrow(why);
  });

  it('for one that answers otherwise, or not at all', async () => {
    const bytes = bertModel(shape);
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 4 });
    const file = join(scratch, 'other.plan');
    const prove = () => provePlan(file, undefined, session, Tensor, 'float32');
    writeFileSync(file, makePlan(bytes, bytes));
    await prove();
    /** The right plan, changed. */
    const changed = (change: (plan: Plan) => void) => {
      const right = Buffer.from(makePlan(bytes, bytes));
      const length = right.readUInt32LE(4);
      const plan: Plan = JSON.parse(right.subarray(8, 8 + length).toString());
      change(plan);
      writeFileSync(file, writePlan(plan, right.subarray(Math.ceil((8 + length) / 16) * 16)));
    };
    // No mask: only padding tells.
    changed(({ nodes }) => {
      for (const softmax of nodes.filter(({ op }) => op === 'Softmax')) {
        const sum = nodes.find(({ output }) => output === softmax.inputs[0])!;
        Object.assign(sum, { op: 'Identity', inputs: [sum.inputs[0]] });
      }
    });
    await expect(prove()).rejects.toThrow(/^it answers otherwise, by /);
    // The right numbers, and more.
    changed(({ nodes, output }) => {
      const last = nodes.length - 1;
      nodes.push({
        ...nodes[last]!,
        op: 'Concat',
        inputs: [output, output],
        attributes: { axis: 0 },
        last: [],
      });
    });
    await expect(prove()).rejects.toThrow(/^it answers 6 numbers, ONNX Runtime 3$/);
    writeFileSync(file, makePlan(bertModel({ ...shape, heads: 2 }), bytes));
    await expect(prove()).rejects.toThrow(/^it answers otherwise, by /);
    writeFileSync(file, makePlan(bertModel({ ...shape, hidden: 66, heads: 2 }), bytes));
    await expect(prove()).rejects.toThrow(/^it can't be computed: /);
    await session.release();
  });
});

it.for<[string, Buffer[], Buffer]>([
  ['a weight', [node('Identity', ['weights'], 'logits')], value('logits', elementType.float, [1, 2])],
  [
    'a whole number',
    [node('Identity', ['input_ids'], 'logits')],
    value('logits', elementType.int64, ['batch', 'sequence']),
  ],
  ['its input', [], value('input_ids', elementType.int64, ['batch', 'sequence'])],
])('a model whose output is %s prepares without a plan', async ([, nodes, output]) => {
  const bytes = model({
    nodes,
    initializers: [tensor('weights', [1, 2], elementType.float, Float32Array.of(1, 2))],
    inputs: [value('input_ids', elementType.int64, ['batch', 'sequence'])],
    outputs: [output],
  });
  const { serving, whyNoPlan } = await prepare(bytes, tokenizer);
  expect(serving.plan).toBeUndefined();
  expect(whyNoPlan).toMatch(/the output is (stored|int)$/);
});

describe('refuses a file', () => {
  const good = () => {
    const bytes = bertModel(shape);
    return Buffer.from(makePlan(bytes, bytes));
  };
  it.for<[string, (plan: Buffer) => Buffer]>([
    ['that is empty', () => Buffer.alloc(0)],
    ['of another version', (plan) => Buffer.concat([Buffer.from('MLQ9'), plan.subarray(4)])],
    ['that is cut in its head', (plan) => plan.subarray(0, 100)],
    [
      'whose head is no JSON',
      (plan) => Buffer.concat([plan.subarray(0, 8), Buffer.alloc(plan.length - 8, '?')]),
    ],
    [
      'that tells of a head of 4 GB',
      (plan) => Buffer.concat([plan.subarray(0, 4), Buffer.alloc(4, 255), plan.subarray(8)]),
    ],
  ])('%s', ([, damage]) => {
    const file = join(scratch, 'damaged.plan');
    writeFileSync(file, damage(good()));
    expect(() => openPlan(file)).toThrow(/^damaged.plan: is not a plan of this version/);
  });

  it.for([
    'null',
    '{}',
    '{"inputs":{},"tokenCost":1,"nodes":[{"op":"valueOf"}],"weights":[],"constants":[]}',
  ])('whose head is %s', (json) => {
    const file = join(scratch, 'damaged.plan');
    const head = Buffer.alloc(8, 'MLQ1');
    head.writeUInt32LE(json.length, 4);
    writeFileSync(file, Buffer.concat([head, Buffer.from(json)]));
    expect(() => openPlan(file)).toThrow(/^damaged.plan: is not a plan of this version/);
  });

  it.skipIf(process.platform === 'win32')('and leaves none open', () => {
    const file = join(scratch, 'alone.plan');
    writeFileSync(file, good());
    const open = readdirSync('/dev/fd').length;
    for (let i = 0; i < 20; i++)
      expect(() => openPlan(file, join(scratch, 'no.weights'))).toThrow(/^alone.plan: /);
    expect(readdirSync('/dev/fd').length).toBe(open);
  });

  it('whose weights are cut, when they are asked for', async () => {
    const file = join(scratch, 'cut.plan');
    writeFileSync(file, good().subarray(0, -100));
    const machine = openPlan(file);
    const input = ints([1, 2], [1, 2]);
    await expect(machine.run({ input_ids: input, attention_mask: input })).rejects.toThrow(
      /^cut.plan: can't be read/,
    );
    machine.close();
  });
});
