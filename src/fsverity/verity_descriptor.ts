/**
 * What the kernel hashes to get the fs-verity digest of a file (kernel `struct fsverity_descriptor`).
 * Little-endian. Specification: `Documentation/filesystems/fsverity.rst`.
 *
 * @module
 */
import { getU64, setU64 } from "../bytes/u64.ts";
import { getBytes, setBytes } from "../bytes/view_bytes.ts";
import {
  VERITY_ALGORITHM_NUMBERS,
  VERITY_LOG_BLOCK_SIZE,
  type VerityAlgorithm,
} from "./verity_algorithm.ts";

/** Bytes of a descriptor without signature. */
export const VERITY_DESCRIPTOR_SIZE = 256;

const VERSION = 1;
const ROOT_HASH_SIZE = 64;

/** Fields of a descriptor. */
export interface VerityDescriptor {
  /** Version of the form: 1. */
  version: number;
  /** 1 for SHA-256, 2 for SHA-512. */
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

/** The descriptor of a file of `dataSize` bytes as we make them: no salt, no signature. */
export function makeVerityDescriptor(
  algorithm: VerityAlgorithm,
  dataSize: number,
  rootDigest: Uint8Array,
): VerityDescriptor {
  const rootHash = new Uint8Array(ROOT_HASH_SIZE);
  rootHash.set(rootDigest);
  return {
    version: VERSION,
    hashAlgorithm: VERITY_ALGORITHM_NUMBERS[algorithm],
    logBlockSize: VERITY_LOG_BLOCK_SIZE,
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
  setU64(view, at + 0x08, x.dataSize); // data_size
  setBytes(view, at + 0x10, x.rootHash, ROOT_HASH_SIZE); // root_hash
}

/** Reads a descriptor; throws `ImageError` `LIMIT_EXCEEDED` where the size is above 2^53. */
export function readVerityDescriptor(view: DataView, at: number): VerityDescriptor {
  return {
    version: view.getUint8(at + 0x00), // version
    hashAlgorithm: view.getUint8(at + 0x01), // hash_algorithm
    logBlockSize: view.getUint8(at + 0x02), // log_blocksize
    saltSize: view.getUint8(at + 0x03), // salt_size
    signatureSize: view.getUint32(at + 0x04, true), // sig_size
    dataSize: getU64(view, at + 0x08), // data_size
    rootHash: getBytes(view, at + 0x10, ROOT_HASH_SIZE), // root_hash
  };
}
