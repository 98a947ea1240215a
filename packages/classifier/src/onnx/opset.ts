import { all, decode, numbers, texts } from './wire.ts';

// Field numbers of onnx.proto.
const opsetImport = 8;
const opsetProto = { domain: 1, version: 2 };

/** The version of ONNX's own operators that a model asks for. */
export function opsetOf(model: Uint8Array): number {
  const own = all(decode(model), opsetImport)
    .map(decode)
    .find((opset) => ['', 'ai.onnx'].includes(texts(opset, opsetProto.domain)[0] ?? ''));
  return numbers(own ?? [], opsetProto.version)[0] ?? 1;
}
