const utf8 = new TextEncoder();

/**
 * Writes protobuf's wire format: https://protobuf.dev/programming-guides/encoding/.
 * Every method appends one field and returns the writer.
 */
export class ProtoWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  int(field: number, value: number): this {
    this.#tag(field, 0);
    return this.#varint(BigInt(value));
  }

  float(field: number, value: number): this {
    this.#tag(field, 5);
    const at = this.#grow(4);
    new DataView(this.#buffer.buffer).setFloat32(at, value, true);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2);
    this.#varint(BigInt(value.length));
    const at = this.#grow(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  /** A message inside this one. */
  message(field: number, write: (inner: ProtoWriter) => void): this {
    const inner = new ProtoWriter();
    write(inner);
    return this.bytes(field, inner.finish());
  }

  /** The bytes written so far; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(BigInt((field << 3) | wireType));
  }

  // A negative number takes ten bytes, as protobuf's int64 does.
  #varint(value: bigint): this {
    for (let rest = BigInt.asUintN(64, value), more = true; more; rest >>= 7n) {
      more = rest > 127n;
      const at = this.#grow(1);
      this.#buffer[at] = Number(rest & 127n) | (more ? 128 : 0);
    }
    return this;
  }

  #grow(sizeBytes: number): number {
    const at = this.#length;
    this.#length += sizeBytes;
    if (this.#length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    return at;
  }
}
