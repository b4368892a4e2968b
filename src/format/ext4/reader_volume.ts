/**
 * An ext4 image that is read: its superblock, its geometry, and its blocks by number.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { checksumSeed, superblockChecksum } from "./checksum.ts";
import { ClaimedBlocks } from "./claimed_blocks.ts";
import { featureNames, IncompatFeature, RoCompatFeature } from "./features.ts";
import { GROUP_DESCRIPTOR_SIZE_32, GROUP_DESCRIPTOR_SIZE_64 } from "./group_descriptor.ts";
import { FIRST_INODE, INODE_GOOD_OLD_SIZE } from "./inode.ts";
import {
  CHECKSUM_CRC32C,
  readSuperblock,
  type Superblock,
  SUPERBLOCK_MAGIC,
  SUPERBLOCK_POSITION,
  SUPERBLOCK_SIZE,
} from "./superblock.ts";

const SUPPORTED_INCOMPAT = IncompatFeature.filetype | IncompatFeature.extents |
  IncompatFeature.is64bit | IncompatFeature.flexBg | IncompatFeature.eaInode |
  IncompatFeature.csumSeed | IncompatFeature.largeDir | IncompatFeature.inlineData;

/** These may be ignored by a reader, but change what bitmaps and claims mean. */
const UNSUPPORTED_RO_COMPAT = RoCompatFeature.bigalloc | RoCompatFeature.sharedBlocks;

/** Bytes and the view on them. */
export interface ViewedBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

/** An image whose superblock was verified. */
export class Ext4Volume {
  /** Where the bytes are. */
  readonly source: ByteSource;
  /** The primary superblock. */
  readonly superblock: Superblock;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Number of block groups. */
  readonly groupCount: number;
  /** Bytes of a group descriptor. */
  readonly descriptorSize: number;
  /** Whether all metadata carries checksums (`metadata_csum`). */
  readonly hasChecksums: boolean;
  /** What the checksums start from. */
  readonly seed: number;
  readonly #claims = new ClaimedBlocks();

  /** Reads and verifies the superblock; throws `ImageError` `CORRUPT` or `UNSUPPORTED`. */
  constructor(source: ByteSource) {
    this.source = source;
    const { bytes, view } = this.#read(SUPERBLOCK_POSITION, SUPERBLOCK_SIZE, "superblock");
    if (view.getUint16(0x38, true) !== SUPERBLOCK_MAGIC) {
      this.#refuse(`magic is 0x${view.getUint16(0x38, true).toString(16)}`, "0xef53");
    }
    const superblock = readSuperblock(view, 0);
    this.superblock = superblock;
    this.hasChecksums = (superblock.featureRoCompat & RoCompatFeature.metadataCsum) !== 0;
    this.#verifyChecksum(bytes);
    this.#verifyFeatures();
    this.blockSize = 1024 * 2 ** superblock.logBlockSize;
    const is64bit = (superblock.featureIncompat & IncompatFeature.is64bit) !== 0;
    this.descriptorSize = is64bit ? superblock.descriptorSize : GROUP_DESCRIPTOR_SIZE_32;
    this.#verifyGeometry(is64bit);
    this.groupCount = divideUp(
      superblock.blocksCount - superblock.firstDataBlock,
      superblock.blocksPerGroup,
    );
    if (superblock.inodesCount !== this.groupCount * superblock.inodesPerGroup) {
      this.#refuse(
        `inode count is ${superblock.inodesCount}`,
        `${this.groupCount} groups of ${superblock.inodesPerGroup}`,
      );
    }
    const hasSeed = (superblock.featureIncompat & IncompatFeature.csumSeed) !== 0;
    this.seed = hasSeed ? superblock.checksumSeed : checksumSeed(superblock.uuid);
  }

  /** Throws where blocks `[block, block + count)` are not all in the image, or are its front. */
  checkBlocks(block: number, count: number, thing: string): void {
    const { firstDataBlock, blocksCount } = this.superblock;
    if (block <= firstDataBlock || block + count > blocksCount) {
      throw this.corrupt(
        thing,
        `blocks are ${block} to ${block + count - 1}`,
        `${firstDataBlock + 1} to ${blocksCount - 1}`,
      );
    }
  }

  /** Reads `count` blocks, which must be in the image. */
  readBlocks(block: number, count: number, thing: string): ViewedBytes {
    this.checkBlocks(block, count, thing);
    return this.#read(block * this.blockSize, count * this.blockSize, thing);
  }

  /** Reads one block, which must be in the image. */
  readBlock(block: number, thing: string): ViewedBytes {
    return this.readBlocks(block, 1, thing);
  }

  /**
   * Claims blocks for one owner. No image has more of them than blocks, so that blocks which many
   * files claim do not multiply time and memory.
   */
  claim(block: number, count: number, thing: string): void {
    this.#claims.add(block, count);
    if (this.#claims.blockCount > this.superblock.blocksCount) {
      throw this.corrupt(
        thing,
        `${this.#claims.blockCount} blocks are claimed so far`,
        `at most ${this.superblock.blocksCount}`,
      );
    }
  }

  /** Throws where a block was claimed twice, once everything was read. */
  checkClaims(): void {
    const block = this.#claims.findOverlap();
    if (block === null) return;
    throw this.corrupt(`block ${block}`, "it is claimed twice", "once", block * this.blockSize);
  }

  /** Throws unless two checksums agree; only what `stored` has room for is compared. */
  checkChecksum(thing: string, stored: number, computed: number, position: number): void {
    if (stored === computed) return;
    throw this.corrupt(thing, `checksum is ${hex(stored)}`, hex(computed), position);
  }

  /** An error about the image's content. */
  corrupt(thing: string, observed: string, expected: string, position?: number): ImageError {
    return this.#error("CORRUPT", thing, observed, expected, position);
  }

  /** An error about something that this reader does not know. */
  unsupported(thing: string, observed: string, expected: string): ImageError {
    return this.#error("UNSUPPORTED", thing, observed, expected);
  }

  #error(
    code: ImageErrorCode,
    thing: string,
    observed: string,
    expected: string,
    position?: number,
  ): ImageError {
    const where = { source: this.source.name, offset: position };
    return new ImageError(code, `Cannot read ${thing}: ${observed}, expected ${expected}`, {
      where,
    });
  }

  #refuse(observed: string, expected: string): never {
    throw this.corrupt("superblock", observed, expected, SUPERBLOCK_POSITION);
  }

  #read(position: number, byteCount: number, thing: string): ViewedBytes {
    if (position + byteCount > this.source.size) {
      throw this.corrupt(
        thing,
        `image ends at ${this.source.size}`,
        `at least ${position + byteCount} bytes`,
        position,
      );
    }
    const bytes = new Uint8Array(byteCount);
    const count = this.source.read(bytes, position);
    if (count !== byteCount) {
      throw this.corrupt(thing, `${count} bytes are there`, `${byteCount}`, position);
    }
    return { bytes, view: new DataView(bytes.buffer) };
  }

  #verifyChecksum(bytes: Uint8Array): void {
    if (!this.hasChecksums) return;
    const { checksum, checksumType } = this.superblock;
    if (checksumType !== CHECKSUM_CRC32C) {
      throw this.unsupported("superblock", `checksum type is ${checksumType}`, "1");
    }
    const computed = superblockChecksum(bytes, 0);
    this.checkChecksum("superblock", checksum, computed, SUPERBLOCK_POSITION);
  }

  #verifyFeatures(): void {
    const { featureIncompat, featureRoCompat, revision } = this.superblock;
    if (revision !== 1) {
      throw this.unsupported("superblock", `revision is ${revision}`, "1");
    }
    const unknown = featureNames({
      compat: 0,
      incompat: (featureIncompat & ~SUPPORTED_INCOMPAT) >>> 0,
      roCompat: (featureRoCompat & UNSUPPORTED_RO_COMPAT) >>> 0,
    });
    if (unknown.length > 0) {
      throw this.unsupported(
        "superblock",
        `features ${unknown.join(", ")}`,
        "only features that this reader knows",
      );
    }
    if (this.hasChecksums && (featureRoCompat & RoCompatFeature.uninitBg) !== 0) {
      this.#refuse("features metadata_csum, uninit_bg", "one of the two");
    }
  }

  #verifyGeometry(is64bit: boolean): void {
    const s = this.superblock;
    if (s.logBlockSize > 2) {
      throw this.unsupported(
        "superblock",
        `block size is 2^${10 + s.logBlockSize}`,
        "1024, 2048 or 4096",
      );
    }
    if (s.logClusterSize !== s.logBlockSize) {
      this.#refuse(`cluster size is 2^${10 + s.logClusterSize}`, "the block size");
    }
    const bitsPerBlock = 8 * this.blockSize;
    for (const field of ["blocksPerGroup", "inodesPerGroup"] as const) {
      if (s[field] === 0 || s[field] % 8 !== 0 || s[field] > bitsPerBlock) {
        this.#refuse(`${field} is ${s[field]}`, `a multiple of 8 up to ${bitsPerBlock}`);
      }
    }
    const firstDataBlock = this.blockSize === 1024 ? 1 : 0;
    if (s.firstDataBlock !== firstDataBlock) {
      this.#refuse(`first data block is ${s.firstDataBlock}`, `${firstDataBlock}`);
    }
    const blocksInSource = Math.floor(this.source.size / this.blockSize);
    if (s.blocksCount <= firstDataBlock || s.blocksCount > blocksInSource) {
      this.#refuse(
        `block count is ${s.blocksCount}`,
        `at most ${blocksInSource}, the image's size`,
      );
    }
    if (
      !isPowerOfTwo(s.inodeSize) || s.inodeSize < INODE_GOOD_OLD_SIZE ||
      s.inodeSize > this.blockSize
    ) {
      this.#refuse(`inode size is ${s.inodeSize}`, `a power of two from 128 to ${this.blockSize}`);
    }
    if (s.firstInode < FIRST_INODE || s.firstInode > s.inodesCount) {
      this.#refuse(`first inode is ${s.firstInode}`, `${FIRST_INODE} or a little more`);
    }
    if (
      is64bit && (!isPowerOfTwo(s.descriptorSize) ||
        s.descriptorSize < GROUP_DESCRIPTOR_SIZE_64 || s.descriptorSize > this.blockSize)
    ) {
      this.#refuse(`descriptor size is ${s.descriptorSize}`, "64");
    }
  }
}

/** A number as messages show it. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
