/**
 * The journal: how large it is, and its superblock. The rest of it is never written: nothing of an
 * empty journal is read.
 *
 * @module
 */
import {
  JOURNAL_MAGIC,
  JOURNAL_SUPERBLOCK_V2,
  writeJournalSuperblock,
} from "./journal_superblock.ts";

/** Blocks of the smallest journal that jbd2 takes. */
export const JOURNAL_MIN_BLOCKS = 1024;
/** Blocks of the largest journal that e2fsprogs makes. */
export const JOURNAL_MAX_BLOCKS = 10_240_000;

/** Sizes by `ext2fs_default_journal_size`: up to so many blocks of the filesystem, so many. */
const SIZES: readonly (readonly [below: number, blocks: number])[] = [
  [2048, 0],
  [32_768, 1024],
  [256 * 1024, 4096],
  [512 * 1024, 8192],
  [4096 * 1024, 16_384],
  [8192 * 1024, 32_768],
  [16_384 * 1024, 65_536],
  [32_768 * 1024, 131_072],
];
const LARGEST = 262_144;

/** Blocks of the journal that `mke2fs` gives to a filesystem; 0 where it is too small for one. */
export function defaultJournalBlocks(blocksCount: number): number {
  const row = SIZES.find(([below]) => blocksCount < below);
  return row === undefined ? LARGEST : row[1];
}

/** Writes the superblock of an empty journal of `blocks` blocks to `at` of zeros. */
export function writeEmptyJournal(
  view: DataView,
  at: number,
  blockSize: number,
  blocks: number,
  uuid: Uint8Array,
): void {
  writeJournalSuperblock(view, at, {
    magic: JOURNAL_MAGIC,
    blockType: JOURNAL_SUPERBLOCK_V2,
    headerSequence: 0,
    blockSize,
    maxLength: blocks,
    first: 1,
    sequence: 1,
    start: 0,
    errno: 0,
    featureCompat: 0,
    featureIncompat: 0,
    featureRoCompat: 0,
    uuid,
    users: 1,
    checksumType: 0,
    checksum: 0,
  });
}
