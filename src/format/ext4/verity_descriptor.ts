/**
 * What the kernel stores for a file with fs-verity (kernel `struct fsverity_descriptor`), and where:
 * behind the end of the file, rounded up to 64 KiB, stand the blocks of the Merkle tree, then the
 * descriptor, then in the last four bytes of its block how long it is. Little-endian. Specification:
 * `Documentation/filesystems/fsverity.rst`.
 *
 * @module
 */
import { alignUp, divideUp } from "../../bytes/align.ts";

/** Bytes of a block of data or of the tree. */
export const VERITY_BLOCK_SIZE = 4096;
/** Bytes of a SHA-256. */
export const VERITY_DIGEST_SIZE = 32;
/** Digests in a block of the tree. */
export const VERITY_DIGESTS_PER_BLOCK = VERITY_BLOCK_SIZE / VERITY_DIGEST_SIZE;
/** Bytes of a descriptor without signature. */
export const VERITY_DESCRIPTOR_SIZE = 256;

/** The tree begins at a multiple of this (`ext4_verity_metadata_pos`). */
const METADATA_ALIGNMENT = 65536;
const VERSION = 1;
const SHA256 = 1;
const LOG_BLOCK_SIZE = 12;

/** Fields of a descriptor. */
export interface VerityDescriptor {
  /** Version of the form: 1. */
  version: number;
  /** 1 for SHA-256. */
  hashAlgorithm: number;
  /** Power of two. */
  logBlockSize: number;
  /** Bytes of `salt` that count. */
  saltSize: number;
  /** Bytes of a signature behind the descriptor. */
  signatureSize: number;
  /** Bytes of the file. */
  dataSize: number;
  /** Digest of the highest block of the tree, 64 bytes, unused ones 0. */
  rootHash: Uint8Array;
}

/** The descriptor of a file of `dataSize` bytes as we make them: SHA-256, no salt, no signature. */
export function makeVerityDescriptor(dataSize: number, digest: Uint8Array): VerityDescriptor {
  const rootHash = new Uint8Array(64);
  rootHash.set(digest);
  return {
    version: VERSION,
    hashAlgorithm: SHA256,
    logBlockSize: LOG_BLOCK_SIZE,
    saltSize: 0,
    signatureSize: 0,
    dataSize,
    rootHash,
  };
}

/** Writes a descriptor to zeros at `at`. */
export function writeVerityDescriptor(view: DataView, at: number, x: VerityDescriptor): void {
  view.setUint8(at + 0x00, x.version); // version
  view.setUint8(at + 0x01, x.hashAlgorithm); // hash_algorithm
  view.setUint8(at + 0x02, x.logBlockSize); // log_blocksize
  view.setUint8(at + 0x03, x.saltSize); // salt_size
  view.setUint32(at + 0x04, x.signatureSize, true); // sig_size
  view.setBigUint64(at + 0x08, BigInt(x.dataSize), true); // data_size
  x.rootHash.forEach((byte, i) => view.setUint8(at + 0x10 + i, byte)); // root_hash
}

/** Reads a descriptor. */
export function readVerityDescriptor(view: DataView, at: number): VerityDescriptor {
  return {
    version: view.getUint8(at + 0x00), // version
    hashAlgorithm: view.getUint8(at + 0x01), // hash_algorithm
    logBlockSize: view.getUint8(at + 0x02), // log_blocksize
    saltSize: view.getUint8(at + 0x03), // salt_size
    signatureSize: view.getUint32(at + 0x04, true), // sig_size
    dataSize: Number(view.getBigUint64(at + 0x08, true)), // data_size
    rootHash: Uint8Array.from({ length: 64 }, (_, i) => view.getUint8(at + 0x10 + i)), // root_hash
  };
}

/** Writes the block of zeros at `at` that ends the file: the descriptor, and its size at the end. */
export function writeVerityDescriptorBlock(view: DataView, at: number, x: VerityDescriptor): void {
  writeVerityDescriptor(view, at, x);
  view.setUint32(at + VERITY_BLOCK_SIZE - 4, VERITY_DESCRIPTOR_SIZE, true);
}

/** Where the tree of a file of `sizeBytes` begins, in bytes of the file. */
export function verityStart(sizeBytes: number): number {
  return alignUp(sizeBytes, METADATA_ALIGNMENT);
}

/** Blocks of each level of the tree, that of the data's digests first; none for a single block. */
export function verityLevels(sizeBytes: number): number[] {
  const levels: number[] = [];
  for (let blocks = divideUp(sizeBytes, VERITY_BLOCK_SIZE); blocks > 1;) {
    blocks = divideUp(blocks, VERITY_DIGESTS_PER_BLOCK);
    levels.push(blocks);
  }
  return levels;
}

/** Blocks of the tree and of the descriptor of a file of `sizeBytes`. */
export function verityBlockCount(sizeBytes: number): number {
  return verityLevels(sizeBytes).reduce((sum, blocks) => sum + blocks, 1);
}
