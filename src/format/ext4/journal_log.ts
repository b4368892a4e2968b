/**
 * The log of a journal: which blocks of the image it holds newer than they are in their places.
 *
 * @module
 */
import { crc32c, crc32cU32 } from "../../bytes/crc32c.ts";
import type { Ext4Content } from "./content.ts";
import {
  JOURNAL_COMMIT_BLOCK,
  JOURNAL_COMMIT_CHECKSUM_OFFSET,
  JOURNAL_DESCRIPTOR_BLOCK,
  JOURNAL_REVOKE_BLOCK,
  JOURNAL_TAIL_SIZE,
  JournalFeature,
  readJournalHeader,
  readJournalTags,
  readRevokedBlocks,
} from "./journal_block.ts";
import {
  JOURNAL_MAGIC,
  JOURNAL_SUPERBLOCK_V1,
  JOURNAL_SUPERBLOCK_V2,
  type JournalSuperblock,
  readJournalSuperblock,
} from "./journal_superblock.ts";
import { readContent } from "./reader_content.ts";
import { type Ext4Volume, hex, type ViewedBytes } from "./reader_volume.ts";

const START = 0xffff_ffff;
const KNOWN_FEATURES = JournalFeature.revoke | JournalFeature.is64bit |
  JournalFeature.asyncCommit | JournalFeature.csumV2 | JournalFeature.csumV3 |
  JournalFeature.fastCommit;
/** Blocks for fast commits where the journal does not say how many. */
const FAST_COMMIT_BLOCKS = 256;

/** A block of the image that stands in the journal. */
export interface LoggedBlock {
  /** Block of the journal. */
  readonly index: number;
  /** Its first word is that of a journal block, and was taken out. */
  readonly isEscaped: boolean;
}

interface Tag extends LoggedBlock {
  readonly block: number;
  readonly sequence: number;
  readonly checksum: number;
}

/** Reads the log of a journal. */
export class JournalLog {
  readonly #volume: Ext4Volume;
  readonly #content: Ext4Content;
  readonly #superblock: JournalSuperblock;
  readonly #seed: number;
  readonly #hasChecksums: boolean;
  /** Behind the last block of the log. */
  readonly #end: number;

  /** Prepares to read the journal whose blocks are `content`; throws `ImageError`. */
  constructor(volume: Ext4Volume, content: Ext4Content) {
    this.#volume = volume;
    this.#content = content;
    const { view } = this.readBlock(0);
    const s = readJournalSuperblock(view, 0);
    const isKnown = s.blockType === JOURNAL_SUPERBLOCK_V1 || s.blockType === JOURNAL_SUPERBLOCK_V2;
    if (s.magic !== JOURNAL_MAGIC || !isKnown || s.blockSize !== volume.blockSize) {
      this.#refuse(`magic is ${hex(s.magic)}, with blocks of ${s.blockSize}`, hex(JOURNAL_MAGIC));
    }
    // The first version has no room for features.
    this.#superblock = s.blockType === JOURNAL_SUPERBLOCK_V1 ? { ...s, featureIncompat: 0 } : s;
    const features = this.#superblock.featureIncompat;
    if ((features & ~KNOWN_FEATURES) !== 0) {
      throw volume.unsupported("journal", `features ${hex(features >>> 0)}`, hex(KNOWN_FEATURES));
    }
    this.#hasChecksums = (features & (JournalFeature.csumV2 | JournalFeature.csumV3)) !== 0;
    this.#seed = crc32c(START, s.uuid);
    const fastBlocks = this.hasFastCommits ? view.getUint32(0x54) || FAST_COMMIT_BLOCKS : 0;
    this.#end = s.maxLength - fastBlocks;
    const isInside = s.first >= 1 && s.first < this.#end && s.start < this.#end &&
      (s.start === 0 || s.start >= s.first);
    if (!isInside) {
      this.#refuse(
        `log is in ${s.first} to ${this.#end} from ${s.start}`,
        "a place in the journal",
      );
    }
  }

  /** Whether it may hold changes in a form that is not read here. */
  get hasFastCommits(): boolean {
    return (this.#superblock.featureIncompat & JournalFeature.fastCommit) !== 0;
  }

  /** A block of the journal. */
  readBlock(index: number): ViewedBytes {
    const bytes = new Uint8Array(this.#volume.blockSize);
    readContent(this.#volume, this.#content, bytes, index * bytes.length);
    return { bytes, view: new DataView(bytes.buffer) };
  }

  /**
   * The blocks of the image that complete transactions hold, each as the last of them has it.
   * Throws `ImageError` `CORRUPT` where one is not what its checksum says.
   */
  blocks(): ReadonlyMap<number, LoggedBlock> {
    const tags: Tag[] = [];
    const revoked = new Map<number, number>();
    let { start: at, sequence } = this.#superblock;
    // No log is longer than its journal, whatever it says.
    let left = at === 0 ? 0 : this.#end - this.#superblock.first;
    while (left > 0) {
      const transaction = this.#readTransaction(at, sequence, left);
      if (transaction === null) break;
      tags.push(...transaction.tags);
      for (const block of transaction.revoked) revoked.set(block, sequence);
      left -= transaction.blockCount;
      at = this.#wrap(at + transaction.blockCount);
      sequence = (sequence + 1) % 2 ** 32;
    }
    const blocks = new Map<number, LoggedBlock>();
    for (const { block, index, isEscaped, sequence } of tags) {
      const revokedBy = revoked.get(block);
      // Numbers of transactions wrap around.
      if (revokedBy !== undefined && (revokedBy - sequence | 0) >= 0) continue;
      blocks.set(block, { index, isEscaped });
    }
    return blocks;
  }

  /** The transaction at `at`; `null` where none, or an incomplete one, is. */
  #readTransaction(
    at: number,
    sequence: number,
    limit: number,
  ): { tags: Tag[]; revoked: number[]; blockCount: number } | null {
    const { featureIncompat } = this.#superblock;
    const tags: Tag[] = [];
    const revoked: number[] = [];
    const end = this.#volume.blockSize - (this.#hasChecksums ? JOURNAL_TAIL_SIZE : 0);
    for (let blockCount = 0; blockCount < limit;) {
      const { bytes, view } = this.readBlock(this.#wrap(at + blockCount));
      const header = readJournalHeader(view, 0);
      if (header.magic !== JOURNAL_MAGIC || header.sequence !== sequence) return null;
      blockCount++;
      if (header.blockType === JOURNAL_COMMIT_BLOCK) {
        if (!this.#isIntact(bytes, view, JOURNAL_COMMIT_CHECKSUM_OFFSET)) return null;
        for (const tag of tags) this.#verify(tag);
        return { tags, revoked, blockCount };
      }
      if (!this.#isIntact(bytes, view, end)) return null;
      if (header.blockType === JOURNAL_REVOKE_BLOCK) {
        for (const block of readRevokedBlocks(view, featureIncompat, end)) revoked.push(block);
      } else if (header.blockType === JOURNAL_DESCRIPTOR_BLOCK) {
        for (const tag of readJournalTags(view, featureIncompat, end)) {
          const index = this.#wrap(at + blockCount);
          blockCount++;
          if (tag.isDeleted) continue;
          const { block, isEscaped, checksum } = tag;
          tags.push({ block, isEscaped, index, sequence, checksum });
        }
      } else {
        return null;
      }
    }
    return null;
  }

  /** Whether a block has the checksum at `checksumAt`, which counts as zero in it. */
  #isIntact(bytes: Uint8Array, view: DataView, checksumAt: number): boolean {
    if (!this.#hasChecksums) return true;
    let crc = crc32c(this.#seed, bytes, 0, checksumAt);
    crc = crc32cU32(crc, 0);
    crc = crc32c(crc, bytes, checksumAt + 4, bytes.length);
    return view.getUint32(checksumAt) === crc;
  }

  #verify(tag: Tag): void {
    const volume = this.#volume;
    if (tag.block >= volume.superblock.blocksCount) {
      this.#refuse(`it holds block ${tag.block}`, `below ${volume.superblock.blocksCount}`);
    }
    if (!this.#hasChecksums) return;
    const isWhole = (this.#superblock.featureIncompat & JournalFeature.csumV3) !== 0;
    const number = new DataView(new ArrayBuffer(4));
    number.setUint32(0, tag.sequence);
    // The block as it is in the journal, where its first word may have been taken out.
    const seed = crc32c(this.#seed, new Uint8Array(number.buffer));
    const crc = crc32c(seed, this.readBlock(tag.index).bytes);
    const computed = isWhole ? crc : crc & 0xffff;
    if (computed !== tag.checksum) {
      this.#refuse(
        `checksum of block ${tag.block} is ${hex(tag.checksum)}`,
        hex(computed),
      );
    }
  }

  #wrap(index: number): number {
    return index < this.#end ? index : this.#superblock.first + (index - this.#end);
  }

  #refuse(observed: string, expected: string): never {
    throw this.#volume.corrupt("journal", observed, expected);
  }
}
