/**
 * The superblock of a journal (kernel `struct journal_superblock_s` of jbd2), its first block.
 * All numbers are **big-endian**, unlike everything else in ext4.
 *
 * @module
 */
import { getBytes, setBytes } from "../../bytes/view_bytes.ts";

/** Bytes of a journal superblock. */
export const JOURNAL_SUPERBLOCK_SIZE = 1024;
/** `h_magic`. */
export const JOURNAL_MAGIC = 0xc03b3998;
/** `h_blocktype` of a superblock of version 1, which has no features. */
export const JOURNAL_SUPERBLOCK_V1 = 3;
/** `h_blocktype` of a superblock of version 2. */
export const JOURNAL_SUPERBLOCK_V2 = 4;

/** Fields of a journal superblock. */
export interface JournalSuperblock {
  magic: number;
  blockType: number;
  headerSequence: number;
  /** Bytes of a block. */
  blockSize: number;
  /** Blocks of the journal. */
  maxLength: number;
  /** First block of log. */
  first: number;
  /** Number of the first transaction. */
  sequence: number;
  /** Block where the log starts, 0 for an empty one. */
  start: number;
  errno: number;
  featureCompat: number;
  featureIncompat: number;
  featureRoCompat: number;
  uuid: Uint8Array;
  /** Filesystems that use it. */
  users: number;
  checksumType: number;
  checksum: number;
}

/** Writes a journal superblock. */
export function writeJournalSuperblock(view: DataView, at: number, x: JournalSuperblock): void {
  view.setUint32(at + 0x00, x.magic); // h_magic
  view.setUint32(at + 0x04, x.blockType); // h_blocktype
  view.setUint32(at + 0x08, x.headerSequence); // h_sequence
  view.setUint32(at + 0x0c, x.blockSize); // s_blocksize
  view.setUint32(at + 0x10, x.maxLength); // s_maxlen
  view.setUint32(at + 0x14, x.first); // s_first
  view.setUint32(at + 0x18, x.sequence); // s_sequence
  view.setUint32(at + 0x1c, x.start); // s_start
  view.setUint32(at + 0x20, x.errno); // s_errno
  view.setUint32(at + 0x24, x.featureCompat); // s_feature_compat
  view.setUint32(at + 0x28, x.featureIncompat); // s_feature_incompat
  view.setUint32(at + 0x2c, x.featureRoCompat); // s_feature_ro_compat
  setBytes(view, at + 0x30, x.uuid, 16); // s_uuid
  view.setUint32(at + 0x40, x.users); // s_nr_users
  view.setUint8(at + 0x50, x.checksumType); // s_checksum_type
  view.setUint32(at + 0xfc, x.checksum); // s_checksum
}

/** Reads a journal superblock as it stands. */
export function readJournalSuperblock(view: DataView, at: number): JournalSuperblock {
  return {
    magic: view.getUint32(at + 0x00), // h_magic
    blockType: view.getUint32(at + 0x04), // h_blocktype
    headerSequence: view.getUint32(at + 0x08), // h_sequence
    blockSize: view.getUint32(at + 0x0c), // s_blocksize
    maxLength: view.getUint32(at + 0x10), // s_maxlen
    first: view.getUint32(at + 0x14), // s_first
    sequence: view.getUint32(at + 0x18), // s_sequence
    start: view.getUint32(at + 0x1c), // s_start
    errno: view.getUint32(at + 0x20), // s_errno
    featureCompat: view.getUint32(at + 0x24), // s_feature_compat
    featureIncompat: view.getUint32(at + 0x28), // s_feature_incompat
    featureRoCompat: view.getUint32(at + 0x2c), // s_feature_ro_compat
    uuid: getBytes(view, at + 0x30, 16), // s_uuid
    users: view.getUint32(at + 0x40), // s_nr_users
    checksumType: view.getUint8(at + 0x50), // s_checksum_type
    checksum: view.getUint32(at + 0xfc), // s_checksum
  };
}
