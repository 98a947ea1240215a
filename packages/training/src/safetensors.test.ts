import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from './errors.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

const tensors = fc.uniqueArray(
  fc.record({ name: fc.string({ minLength: 1 }), shape: fc.array(fc.nat(4), { maxLength: 3 }) }),
  { selector: ({ name }) => name },
);

/** A file with this header and so many bytes of data. */
function fileOf(header: unknown, sizeBytes = 8, announced?: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(announced ?? json.length));
  return Buffer.concat([length, json, Buffer.alloc(sizeBytes)]);
}

describe('safetensors', () => {
  it('gives back every set of arrays, bit for bit', () => {
    fc.assert(
      fc.property(tensors, (given) => {
        const weights = new Map(
          given
            .filter(({ name }) => name !== '__metadata__' && name !== '__proto__')
            .map(({ name, shape }) => {
              const length = shape.reduce((a, b) => a * b, 1);
              return [name, { shape, data: Float32Array.from({ length }, (_, index) => index - 0.1) }];
            }),
        );
        expect(decodeSafetensors(encodeSafetensors(weights))).toEqual(weights);
      }),
    );
  });

  it('is laid out as the format says', () => {
    const file = Buffer.from(
      encodeSafetensors(new Map([['w', { shape: [2], data: Float32Array.of(1, -2) }]])),
    );
    const header = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    const length = Math.ceil(header.length / 8) * 8;
    expect(file.readBigUInt64LE()).toBe(BigInt(length));
    expect(file.toString('utf8', 8, 8 + length)).toBe(header.padEnd(length));
    expect([file.readFloatLE(8 + length), file.readFloatLE(12 + length)]).toEqual([1, -2]);
  });

  const one = (over: object) => ({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...over } });
  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(3), /3 bytes can't hold the header/],
    ['a header past the end', fileOf({}, 0, 2 ** 40), /can't hold the header/],
    ['no JSON', fileOf('{'), /not JSON/],
    ['a list', fileOf([]), /not an object/],
    ['another type', fileOf(one({ dtype: 'F16' })), /w is "F16"; only F32/],
    ['no type', fileOf({ w: null }), /only F32/],
    ['a negative size', fileOf(one({ shape: [-2] })), /no proper shape/],
    ['a shape of another size', fileOf(one({ shape: [3] })), /can't lie at 0\.\.8/],
    ['a huge shape', fileOf(one({ shape: [2 ** 52, 2 ** 52] })), /can't lie at/],
    ['an end past the data', fileOf(one({ shape: [4], data_offsets: [0, 16] })), /can't lie at 0\.\.16 of 8/],
    ['a hole', fileOf(one({ shape: [1], data_offsets: [4, 8] })), /can't lie at 4\.\.8/],
    [
      'overlap',
      fileOf({ ...one({}), v: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }),
      /can't lie at/,
    ],
    ['more data than tensors', fileOf(one({}), 12), /4 bytes after the last tensor/],
  ])('refuses %s', (_, file, message) => {
    expect(() => decodeSafetensors(file)).toThrow(CheckpointError);
    expect(() => decodeSafetensors(file)).toThrow(message);
  });

  it('reads a file that carries metadata', () => {
    const file = fileOf({ __metadata__: { format: 'pt' }, ...one({}) });
    expect(decodeSafetensors(file)).toEqual(new Map([['w', { shape: [2], data: Float32Array.of(0, 0) }]]));
  });

  it('answers damage with CheckpointError and nothing else', () => {
    const file = encodeSafetensors(new Map([['weight', { shape: [2, 2], data: new Float32Array(4) }]]));
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length), (at, byte, cut) => {
        const damaged = Buffer.from(file);
        damaged[at] = byte;
        for (const bytes of [damaged, damaged.subarray(0, cut)])
          try {
            decodeSafetensors(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(CheckpointError);
          }
      }),
    );
  });
});
