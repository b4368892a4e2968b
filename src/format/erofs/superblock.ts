/**
 * The superblock (kernel `struct erofs_super_block`), 128 bytes at offset 1024. Little-endian.
 *
 * @module
 */
import { crc32c } from "../../bytes/crc32c.ts";
import { getI64, getU64, setI64, setU64 } from "../../bytes/u64.ts";
import { getBytes, setBytes } from "../../bytes/view_bytes.ts";

/** Bytes from the start of the image to the superblock. */
export const SUPERBLOCK_OFFSET = 1024;
/** Bytes of a superblock without further slots. */
export const SUPERBLOCK_SIZE = 128;
/** Bytes of each of the `sb_extslots` slots behind it. */
export const SUPERBLOCK_SLOT_SIZE = 16;
/** `magic`. */
export const EROFS_MAGIC = 0xe0f5_e1e2;

/** Head of an image. */
export interface Superblock {
  magic: number;
  /** CRC-32C of the rest of the superblock's block, see {@linkcode superblockChecksum}. */
  checksum: number;
  /** Bits of `CompatFeature`. */
  featureCompat: number;
  /** Base 2 logarithm of the bytes of a block. */
  blockSizeBits: number;
  /** Slots of 16 bytes behind the superblock that belong to it. */
  extSlots: number;
  /** Number of the root directory, or with 48 bits the high half of the count of blocks. */
  rootNidOrBlocksHigh: number;
  /** Inodes in use. */
  inodeCount: number;
  /** Base of the times of compact inodes, seconds since 1970. */
  epochSeconds: number;
  /** Nanoseconds of the times of compact inodes. */
  epochNanoseconds: number;
  /** Blocks of the image, low half. */
  blocksLow: number;
  /** First block of the area from which inode numbers count. */
  metaBlock: number;
  /** First block of the area from which shared attributes count. */
  xattrBlock: number;
  /** 16 bytes. */
  uuid: Uint8Array;
  /** 16 bytes, ended by NUL where it is shorter. */
  volumeName: Uint8Array;
  /** Bits of `IncompatFeature`. */
  featureIncompat: number;
  /** With `compr_cfgs` a bit for each compression in use, else the window of LZ4 in bytes. */
  compressions: number;
  /** Devices besides this one. */
  extraDevices: number;
  /** First slot of the device table, in units of 128 bytes. */
  deviceTableSlot: number;
  /** Base 2 logarithm of directory blocks over blocks. */
  directoryBlockBits: number;
  /** Long prefixes of attribute names. */
  xattrPrefixCount: number;
  /** Where they start, in units of 4 bytes. */
  xattrPrefixStart: number;
  /** Number of the inode that holds fragments, 0 for none. */
  packedNid: number;
  /** Always 0: other values ask for another name filter. */
  xattrFilterReserved: number;
  /** Seconds behind the epoch at which the image was made. */
  buildSeconds: number;
  /** With 48 bits, number of the root directory. */
  rootNid48: number;
}

/** Writes a superblock; what has no field is left as it is. */
export function writeSuperblock(view: DataView, at: number, x: Superblock): void {
  view.setUint32(at + 0x00, x.magic, true); // magic
  view.setUint32(at + 0x04, x.checksum, true); // checksum
  view.setUint32(at + 0x08, x.featureCompat, true); // feature_compat
  view.setUint8(at + 0x0c, x.blockSizeBits); // blkszbits
  view.setUint8(at + 0x0d, x.extSlots); // sb_extslots
  view.setUint16(at + 0x0e, x.rootNidOrBlocksHigh, true); // rb.rootnid_2b, rb.blocks_hi
  setU64(view, at + 0x10, x.inodeCount); // inos
  setI64(view, at + 0x18, x.epochSeconds); // epoch
  view.setUint32(at + 0x20, x.epochNanoseconds, true); // fixed_nsec
  view.setUint32(at + 0x24, x.blocksLow, true); // blocks_lo
  view.setUint32(at + 0x28, x.metaBlock, true); // meta_blkaddr
  view.setUint32(at + 0x2c, x.xattrBlock, true); // xattr_blkaddr
  setBytes(view, at + 0x30, x.uuid, 16); // uuid
  setBytes(view, at + 0x40, x.volumeName, 16); // volume_name
  view.setUint32(at + 0x50, x.featureIncompat, true); // feature_incompat
  view.setUint16(at + 0x54, x.compressions, true); // u1.available_compr_algs, u1.lz4_max_distance
  view.setUint16(at + 0x56, x.extraDevices, true); // extra_devices
  view.setUint16(at + 0x58, x.deviceTableSlot, true); // devt_slotoff
  view.setUint8(at + 0x5a, x.directoryBlockBits); // dirblkbits
  view.setUint8(at + 0x5b, x.xattrPrefixCount); // xattr_prefix_count
  view.setUint32(at + 0x5c, x.xattrPrefixStart, true); // xattr_prefix_start
  setU64(view, at + 0x60, x.packedNid); // packed_nid
  view.setUint8(at + 0x68, x.xattrFilterReserved); // xattr_filter_reserved
  view.setUint32(at + 0x6c, x.buildSeconds, true); // build_time
  setU64(view, at + 0x70, x.rootNid48); // rootnid_8b
}

/** Reads a superblock; throws `ImageError` `LIMIT_EXCEEDED` for 64-bit numbers above 2^53. */
export function readSuperblock(view: DataView, at: number): Superblock {
  return {
    magic: view.getUint32(at + 0x00, true), // magic
    checksum: view.getUint32(at + 0x04, true), // checksum
    featureCompat: view.getUint32(at + 0x08, true), // feature_compat
    blockSizeBits: view.getUint8(at + 0x0c), // blkszbits
    extSlots: view.getUint8(at + 0x0d), // sb_extslots
    rootNidOrBlocksHigh: view.getUint16(at + 0x0e, true), // rb.rootnid_2b, rb.blocks_hi
    inodeCount: getU64(view, at + 0x10), // inos
    epochSeconds: getI64(view, at + 0x18), // epoch
    epochNanoseconds: view.getUint32(at + 0x20, true), // fixed_nsec
    blocksLow: view.getUint32(at + 0x24, true), // blocks_lo
    metaBlock: view.getUint32(at + 0x28, true), // meta_blkaddr
    xattrBlock: view.getUint32(at + 0x2c, true), // xattr_blkaddr
    uuid: getBytes(view, at + 0x30, 16), // uuid
    volumeName: getBytes(view, at + 0x40, 16), // volume_name
    featureIncompat: view.getUint32(at + 0x50, true), // feature_incompat
    compressions: view.getUint16(at + 0x54, true), // u1.available_compr_algs, u1.lz4_max_distance
    extraDevices: view.getUint16(at + 0x56, true), // extra_devices
    deviceTableSlot: view.getUint16(at + 0x58, true), // devt_slotoff
    directoryBlockBits: view.getUint8(at + 0x5a), // dirblkbits
    xattrPrefixCount: view.getUint8(at + 0x5b), // xattr_prefix_count
    xattrPrefixStart: view.getUint32(at + 0x5c, true), // xattr_prefix_start
    packedNid: getU64(view, at + 0x60), // packed_nid
    xattrFilterReserved: view.getUint8(at + 0x68), // xattr_filter_reserved
    buildSeconds: view.getUint32(at + 0x6c, true), // build_time
    rootNid48: getU64(view, at + 0x70), // rootnid_8b
  };
}

/** A superblock of zeros but for the magic number: a base for those that set what they need. */
export function emptySuperblock(): Superblock {
  const view = new DataView(new ArrayBuffer(SUPERBLOCK_SIZE));
  return { ...readSuperblock(view, 0), magic: EROFS_MAGIC };
}

/** Bytes of the image from the superblock on that its checksum covers. */
export function checksummedSize(blockSize: number): number {
  return blockSize > SUPERBLOCK_OFFSET ? blockSize - SUPERBLOCK_OFFSET : blockSize;
}

/**
 * `checksum` of a superblock: CRC-32C of `bytes`, the {@linkcode checksummedSize} bytes from the
 * superblock on, with zeros for the checksum itself. The bytes are left as they are.
 */
export function superblockChecksum(bytes: Uint8Array): number {
  const head = bytes.slice(0, 8);
  head.fill(0, 4);
  return crc32c(crc32c(0xffff_ffff, head), bytes, 8);
}
