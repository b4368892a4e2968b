/**
 * The checksums of `metadata_csum`. Each is CRC-32C with the checksum's own bytes taken as
 * zero; all but the superblock's start from the seed that the UUID gives.
 *
 * @module
 */
import { crc32c, crc32cU16, crc32cU32 } from "../../bytes/crc32c.ts";
import { GROUP_CHECKSUM_OFFSET } from "./group_descriptor.ts";
import { INODE_GOOD_OLD_SIZE } from "./inode.ts";
import { SUPERBLOCK_CHECKSUM_OFFSET } from "./superblock.ts";

const START = 0xffff_ffff;

/** What all checksums but the superblock's start from. */
export function checksumSeed(uuid: Uint8Array): number {
  return crc32c(START, uuid);
}

/** `s_checksum` of the superblock at `at` of `bytes`. */
export function superblockChecksum(bytes: Uint8Array, at: number): number {
  return crc32c(START, bytes, at, at + SUPERBLOCK_CHECKSUM_OFFSET);
}

/** `bg_checksum` of the descriptor of `size` bytes at `at`. */
export function groupDescriptorChecksum(
  seed: number,
  group: number,
  bytes: Uint8Array,
  at: number,
  size: number,
): number {
  let crc = crc32cU32(seed, group);
  crc = crc32c(crc, bytes, at, at + GROUP_CHECKSUM_OFFSET);
  crc = crc32cU16(crc, 0);
  return crc32c(crc, bytes, at + GROUP_CHECKSUM_OFFSET + 2, at + size) & 0xffff;
}

/**
 * `bg_checksum` with the feature `uninit_bg` instead of `metadata_csum`: CRC-16 (reflected
 * polynomial 0xA001) of UUID, group number and descriptor.
 */
export function groupDescriptorChecksum16(
  uuid: Uint8Array,
  group: number,
  bytes: Uint8Array,
  at: number,
  size: number,
): number {
  let crc = crc16(0xffff, uuid, 0, uuid.length);
  const number = Uint8Array.of(group, group >>> 8, group >>> 16, group >>> 24);
  crc = crc16(crc, number, 0, 4);
  crc = crc16(crc, bytes, at, at + GROUP_CHECKSUM_OFFSET);
  return crc16(crc, bytes, at + GROUP_CHECKSUM_OFFSET + 2, at + size);
}

function crc16(crc: number, bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    crc ^= bytes[i];
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

/** Checksum of the `byteCount` bytes of a block or inode bitmap at `at`. */
export function bitmapChecksum(
  seed: number,
  bytes: Uint8Array,
  at: number,
  byteCount: number,
): number {
  return crc32c(seed, bytes, at, at + byteCount);
}

/** What the checksums of an inode and of its directory and extent blocks start from. */
export function inodeSeed(seed: number, inodeNumber: number, generation: number): number {
  return crc32cU32(crc32cU32(seed, inodeNumber), generation);
}

/**
 * Checksum of the inode of `inodeSize` bytes at `at`; `seed` is its `inodeSeed`. Only the low
 * half is stored where `i_extra_isize` is below 4.
 */
export function inodeChecksum(
  seed: number,
  bytes: Uint8Array,
  at: number,
  inodeSize: number,
): number {
  let crc = crc32c(seed, bytes, at, at + 0x7c);
  crc = crc32cU16(crc, 0); // i_checksum_lo
  crc = crc32c(crc, bytes, at + 0x7e, at + INODE_GOOD_OLD_SIZE);
  if (inodeSize === INODE_GOOD_OLD_SIZE) return crc & 0xffff;
  crc = crc32c(crc, bytes, at + 0x80, at + 0x82);
  const hasHigh = bytes[at + 0x80] + bytes[at + 0x81] * 256 >= 4;
  crc = hasHigh ? crc32cU16(crc, 0) : crc32c(crc, bytes, at + 0x82, at + 0x84); // i_checksum_hi
  crc = crc32c(crc, bytes, at + 0x84, at + inodeSize);
  return hasHigh ? crc : crc & 0xffff;
}

/**
 * Checksum of an extent block or a directory block at `at`, which covers the `byteCount` bytes
 * in front of the tail; `seed` is the `inodeSeed` of its inode.
 */
export function blockChecksum(
  seed: number,
  bytes: Uint8Array,
  at: number,
  byteCount: number,
): number {
  return crc32c(seed, bytes, at, at + byteCount);
}

/**
 * Checksum of an htree block at `at`: `usedBytes` up to the last pair in use, then the tail,
 * whose first word is `reserved`.
 */
export function htreeChecksum(
  seed: number,
  bytes: Uint8Array,
  at: number,
  usedBytes: number,
  reserved: number,
): number {
  return crc32cU32(crc32cU32(crc32c(seed, bytes, at, at + usedBytes), reserved), 0);
}

/** `h_checksum` of the block of attributes at `at`, which stands in block `blockNumber`. */
export function xattrBlockChecksum(
  seed: number,
  blockNumber: number,
  bytes: Uint8Array,
  at: number,
  blockSize: number,
): number {
  let crc = crc32cU32(seed, blockNumber % 0x1_0000_0000);
  crc = crc32cU32(crc, Math.floor(blockNumber / 0x1_0000_0000));
  crc = crc32c(crc, bytes, at, at + 0x10);
  crc = crc32cU32(crc, 0); // h_checksum
  return crc32c(crc, bytes, at + 0x14, at + blockSize);
}
