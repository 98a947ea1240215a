import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OnnxFormatError } from '../errors.ts';
import { type Attribute, type DataType, dataTypes, type Model, type Tensor } from '../model.ts';
import { decodeModel } from './decode.ts';
import { encodeModel } from './encode.ts';
import { ProtoWriter } from './writer.ts';

const text = fc.string({ unit: 'binary', maxLength: 8 }).filter((value) => value.isWellFormed());
const integer = fc.maxSafeInteger();
const float = fc.float({ noNaN: true });
const dtype = fc.constantFrom(...(Object.keys(dataTypes) as DataType[]));
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ int: integer }),
  fc.record({ float }),
  fc.record({ string: text }),
  fc.record({ ints: fc.array(integer) }),
  fc.record({ floats: fc.array(float) }),
);
const tensor: fc.Arbitrary<Tensor> = fc
  .record({ name: text, dtype, shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }) })
  .chain((head) => {
    const length = head.shape.reduce((product, size) => product * size, dataTypes[head.dtype].sizeBytes);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((data) => ({ ...head, data: new Uint8Array(data) }));
  });
const valueInfo = fc.record({ name: text, dtype, shape: fc.array(fc.oneof(fc.nat(), text)) });
const model: fc.Arbitrary<Model> = fc.record({
  irVersion: fc.nat(),
  producer: text,
  opsets: fc.dictionary(text, fc.nat(), { noNullPrototype: false }),
  metadata: fc.dictionary(text, text),
  graph: fc.record({
    name: text,
    nodes: fc.array(
      fc.record({
        operator: text,
        domain: text,
        inputs: fc.array(text),
        outputs: fc.array(text, { minLength: 1 }),
        attributes: fc.dictionary(text, attribute),
      }),
      { maxLength: 5 },
    ),
    initializers: fc.array(tensor, { maxLength: 3 }),
    inputs: fc.array(valueInfo, { maxLength: 3 }),
    outputs: fc.array(valueInfo, { maxLength: 3 }),
  }),
});

/** Without prototypes, so that a decoded record equals a plain one. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, item) =>
      item instanceof Uint8Array ? [...item] : Object.is(item, -0) ? 'minus zero' : item,
    ),
  );

const inGraph = (field: number, write: (inner: ProtoWriter) => void): string =>
  Buffer.from(new ProtoWriter().message(7, (graph) => graph.message(field, write)).finish()).toString('hex');

describe('encodeModel and decodeModel', () => {
  it('give back every model', () => {
    fc.assert(
      fc.property(model, (given) => {
        expect(plain(decodeModel(encodeModel(given)))).toEqual(plain(given));
      }),
    );
  });

  it('write the bytes protobuf writes', () => {
    const bytes = encodeModel({
      irVersion: 8,
      producer: 'me',
      opsets: { '': 17 },
      metadata: {},
      graph: { name: 'g', nodes: [], initializers: [], inputs: [], outputs: [] },
    });
    // protoc --encode=onnx.ModelProto: ir_version: 8 producer_name: "me" graph { name: "g" } opset_import { domain: "" version: 17 }
    expect(Buffer.from(bytes).toString('hex')).toBe('080812026d653a031201674204' + '0a001011');
  });

  it('answer hostile bytes with OnnxFormatError and nothing else', () => {
    const refuses = (bytes: Uint8Array) => {
      try {
        decodeModel(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(OnnxFormatError);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), refuses));
    fc.assert(
      fc.property(model, fc.nat(), fc.nat(255), fc.nat(), (given, at, byte, cut) => {
        const bytes = new Uint8Array(encodeModel(given));
        bytes[at % bytes.length] = byte;
        refuses(bytes);
        refuses(bytes.subarray(0, cut % bytes.length));
      }),
    );
  });

  it.each([
    ['nothing', '', /holds no graph/],
    ['a length past the end', '3aff01', /wants 255 bytes, 0 are left/],
    ['a number that never ends', '08ffffffffffffffffffff01', /longer than ten bytes/],
    ['a group', '0b', /wire type 3/],
    ['field 0', '0001', /no field number/],
    [
      'a subgraph attribute',
      inGraph(1, (node) => node.message(5, (part) => part.string(1, 'b').int(20, 5))),
      /attribute b has type 5/,
    ],
    [
      'a tensor of the wrong size',
      inGraph(5, (tensor) => tensor.int(1, 2).int(2, 1).string(8, 't')),
      /t: float32 \[2\] in raw_data takes 8 bytes, not 0/,
    ],
    [
      'an element type from elsewhere',
      inGraph(5, (tensor) => tensor.int(2, 99).string(8, 't')),
      /t has element type 99/,
    ],
  ])('refuse %s', (_, hex, message) => {
    expect(() => decodeModel(Buffer.from(hex, 'hex'))).toThrow(message);
  });
});
