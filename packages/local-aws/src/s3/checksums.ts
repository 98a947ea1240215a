import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** S3's checksum algorithms, as they appear in `x-amz-checksum-…` headers. */
export const checksumNames = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;
export type ChecksumName = (typeof checksumNames)[number];

/** A checksum while its bytes are still arriving. */
export interface Checksum {
  update(chunk: Uint8Array): void;
  /** Base64, big-endian for the CRCs. */
  digest(): string;
}

/** Starts a checksum of one of S3's five kinds. */
export function createChecksum(name: ChecksumName): Checksum {
  if (name === 'sha1' || name === 'sha256') {
    const hash = createHash(name);
    return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest('base64') };
  }
  if (name === 'crc32') {
    let value = 0;
    return {
      update: (chunk) => {
        value = crc32(chunk, value);
      },
      digest: () => bigEndian(BigInt(value >>> 0), 4),
    };
  }
  return name === 'crc32c' ? crc32c() : crc64nvme();
}

/** Whether a header or trailer name carries a checksum, and which. */
export function checksumOf(header: string): ChecksumName | undefined {
  return checksumNames.find((name) => header === `x-amz-checksum-${name}`);
}

function bigEndian(value: bigint, sizeBytes: number): string {
  return Buffer.from(value.toString(16).padStart(sizeBytes * 2, '0'), 'hex').toString('base64');
}

function crc32c(): Checksum {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value;
  });
  let value = 0xffffffff;
  return {
    update: (chunk) => {
      for (const byte of chunk) value = (value >>> 8) ^ table[(value ^ byte) & 0xff]!;
    },
    digest: () => bigEndian(BigInt((value ^ 0xffffffff) >>> 0), 4),
  };
}

/** CRC-64/NVME (reflected polynomial 0x9a6c9329ac4bc9b5) in two 32-bit halves: BigInt would cost a second per MB. */
function crc64nvme(): Checksum {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = BigInt(byte);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
    high[byte] = Number(value >> 32n);
    low[byte] = Number(value & 0xffffffffn);
  }
  let top = 0xffffffff;
  let bottom = 0xffffffff;
  return {
    update: (chunk) => {
      for (const byte of chunk) {
        const index = (bottom ^ byte) & 0xff;
        bottom = ((bottom >>> 8) | (top << 24)) ^ low[index]!;
        top = (top >>> 8) ^ high[index]!;
      }
    },
    digest: () =>
      bigEndian((BigInt((top ^ 0xffffffff) >>> 0) << 32n) | BigInt((bottom ^ 0xffffffff) >>> 0), 8),
  };
}
