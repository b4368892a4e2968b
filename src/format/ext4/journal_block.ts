/**
 * The blocks of a journal's log (kernel `include/linux/jbd2.h`). All numbers are **big-endian**.
 *
 * @module
 */

/** `JBD2_DESCRIPTOR_BLOCK`: lists the blocks that follow it. */
export const JOURNAL_DESCRIPTOR_BLOCK = 1;
/** `JBD2_COMMIT_BLOCK`: ends a transaction. */
export const JOURNAL_COMMIT_BLOCK = 2;
/** `JBD2_REVOKE_BLOCK`: lists blocks that must not be replayed. */
export const JOURNAL_REVOKE_BLOCK = 5;

/** Bytes of the header of a block. */
export const JOURNAL_HEADER_SIZE = 12;
/** Bytes of the header of a block of revoked blocks, with how many bytes are used. */
export const JOURNAL_REVOKE_HEADER_SIZE = 16;
/** Bytes of the checksum that ends descriptors and revocations. */
export const JOURNAL_TAIL_SIZE = 4;
/** Offset of the checksum in a block that ends a transaction. */
export const JOURNAL_COMMIT_CHECKSUM_OFFSET = 0x10;

/** Features of a journal that change how it is read. */
export const JournalFeature = {
  revoke: 0x1,
  is64bit: 0x2,
  asyncCommit: 0x4,
  csumV2: 0x8,
  csumV3: 0x10,
  fastCommit: 0x20,
} as const;

/** `t_flags`: the block begins with the magic number, which is zero in the journal. */
const TAG_ESCAPED = 1;
/** `t_flags`: no UUID follows. */
const TAG_SAME_UUID = 2;
/** `t_flags`: the block is not to be replayed. */
const TAG_DELETED = 4;
/** `t_flags`: no tag follows. */
const TAG_LAST = 8;
const UUID_SIZE = 16;

/** The header of a block. */
export interface JournalHeader {
  magic: number;
  blockType: number;
  /** Number of the transaction. */
  sequence: number;
}

/** Reads the header of a block. */
export function readJournalHeader(view: DataView, at: number): JournalHeader {
  return {
    magic: view.getUint32(at + 0x0), // h_magic
    blockType: view.getUint32(at + 0x4), // h_blocktype
    sequence: view.getUint32(at + 0x8), // h_sequence
  };
}

/** A block that a descriptor lists. */
export interface JournalTag {
  /** Where it belongs in the image. */
  block: number;
  isEscaped: boolean;
  isDeleted: boolean;
  /** All of it with `csumV3`, 16 bits with `csumV2`. */
  checksum: number;
}

/**
 * The tags of a descriptor (`journal_block_tag_t`, `journal_block_tag3_t`); `end` is where its
 * checksum begins, or its end.
 */
export function* readJournalTags(
  view: DataView,
  features: number,
  end: number,
): Generator<JournalTag> {
  const isV3 = (features & JournalFeature.csumV3) !== 0;
  const is64bit = (features & JournalFeature.is64bit) !== 0;
  const isV2 = (features & JournalFeature.csumV2) !== 0;
  const size = isV3 ? 16 : (is64bit ? 12 : 8) + (isV2 ? 2 : 0);
  for (let at = JOURNAL_HEADER_SIZE; at + size <= end; at += size) {
    const low = view.getUint32(at + 0x0); // t_blocknr
    const flags = isV3 ? view.getUint32(at + 0x4) : view.getUint16(at + 0x6); // t_flags
    const high = is64bit ? view.getUint32(at + 0x8) : 0; // t_blocknr_high
    yield {
      block: high * 2 ** 32 + low,
      isEscaped: (flags & TAG_ESCAPED) !== 0,
      isDeleted: (flags & TAG_DELETED) !== 0,
      checksum: isV3 ? view.getUint32(at + 0xc) : view.getUint16(at + 0x4), // t_checksum
    };
    if ((flags & TAG_LAST) !== 0) return;
    if ((flags & TAG_SAME_UUID) === 0) at += UUID_SIZE;
  }
}

/** The blocks that a block of revocations lists; `end` as in {@linkcode readJournalTags}. */
export function* readRevokedBlocks(
  view: DataView,
  features: number,
  end: number,
): Generator<number> {
  const is64bit = (features & JournalFeature.is64bit) !== 0;
  const used = Math.min(view.getUint32(0xc), end); // r_count
  const size = is64bit ? 8 : 4;
  for (let at = JOURNAL_REVOKE_HEADER_SIZE; at + size <= used; at += size) {
    yield is64bit ? view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4) : view.getUint32(at);
  }
}
