/**
 * The superblock of a dm-verity hash device (cryptsetup wiki, "DMVerity": on-disk format).
 *
 * @module
 */
import { getU64, setU64 } from "../bytes/u64.ts";
import { getBytes, setBytes } from "../bytes/view_bytes.ts";

/** Bytes of the superblock; the hash tree starts at the next hash block. */
export const VERITY_SUPERBLOCK_SIZE = 512;
/** `verity` and two zeros. */
export const VERITY_SIGNATURE: Uint8Array<ArrayBuffer> = Uint8Array.of(
  0x76,
  0x65,
  0x72,
  0x69,
  0x74,
  0x79,
  0,
  0,
);
/** Bytes that a salt may have. */
export const VERITY_MAX_SALT_SIZE = 256;

/** The superblock; numbers are little-endian. */
export interface VeritySuperblock {
  /** {@linkcode VERITY_SIGNATURE}. */
  readonly signature: Uint8Array;
  /** Version of this struct: 1. */
  readonly version: number;
  /** How digests are laid out: 1 (0 is the old Chromium OS form). */
  readonly hashType: number;
  /** UUID of the hash device, 16 bytes. */
  readonly uuid: Uint8Array;
  /** Name of the algorithm in 32 bytes, filled with zeros. */
  readonly algorithm: Uint8Array;
  /** Bytes of a data block. */
  readonly dataBlockSize: number;
  /** Bytes of a hash block. */
  readonly hashBlockSize: number;
  /** How many data blocks. */
  readonly dataBlocks: number;
  /** Bytes of the salt. */
  readonly saltSize: number;
  /** The salt in 256 bytes, filled with zeros. */
  readonly salt: Uint8Array;
}

/** Writes the superblock at `at`. */
export function writeVeritySuperblock(view: DataView, at: number, it: VeritySuperblock): void {
  setBytes(view, at, it.signature, 8); // 0x00 signature
  view.setUint32(at + 0x08, it.version, true); // version
  view.setUint32(at + 0x0c, it.hashType, true); // hash_type
  setBytes(view, at + 0x10, it.uuid, 16); // uuid
  setBytes(view, at + 0x20, it.algorithm, 32); // algorithm
  view.setUint32(at + 0x40, it.dataBlockSize, true); // data_block_size
  view.setUint32(at + 0x44, it.hashBlockSize, true); // hash_block_size
  setU64(view, at + 0x48, it.dataBlocks); // data_blocks
  view.setUint16(at + 0x50, it.saltSize, true); // salt_size
  setBytes(view, at + 0x58, it.salt, VERITY_MAX_SALT_SIZE); // salt
}

/** Reads the superblock at `at`. */
export function readVeritySuperblock(view: DataView, at: number): VeritySuperblock {
  return {
    signature: getBytes(view, at, 8),
    version: view.getUint32(at + 0x08, true),
    hashType: view.getUint32(at + 0x0c, true),
    uuid: getBytes(view, at + 0x10, 16),
    algorithm: getBytes(view, at + 0x20, 32),
    dataBlockSize: view.getUint32(at + 0x40, true),
    hashBlockSize: view.getUint32(at + 0x44, true),
    dataBlocks: getU64(view, at + 0x48),
    saltSize: view.getUint16(at + 0x50, true),
    salt: getBytes(view, at + 0x58, VERITY_MAX_SALT_SIZE),
  };
}
