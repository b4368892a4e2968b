/**
 * An ext4 image that is read: its superblock, its geometry, and its blocks by number.
 *
 * @module
 */
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { checksumSeed, superblockChecksum } from "./checksum.ts";
import { BlockClaims } from "./block_claims.ts";
import { IncompatFeature, RoCompatFeature } from "./features.ts";
import {
  badGeometry,
  descriptorSizeOf,
  groupCountOf,
  type Refusal,
  superblockOfRevision,
  unknownFeature,
} from "./reader_geometry.ts";
import {
  CHECKSUM_CRC32C,
  readSuperblock,
  type Superblock,
  SUPERBLOCK_MAGIC,
  SUPERBLOCK_POSITION,
  SUPERBLOCK_SIZE,
} from "./superblock.ts";

/** How often blocks may be claimed with the feature `shared_blocks`. */
const MOST_SHARED = 16;

/** Bytes and the view on them. */
export interface ViewedBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

/** An image whose superblock was verified. */
export class Ext4Volume {
  /** Where the bytes are. */
  readonly source: ByteSource;
  /** The primary superblock; what revision 0 leaves out has its fixed value. */
  readonly superblock: Superblock;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Blocks of a cluster: 1 without `bigalloc`. */
  readonly clusterRatio: number;
  /** Number of block groups. */
  readonly groupCount: number;
  /** Bytes of a group descriptor. */
  readonly descriptorSize: number;
  /** Whether all metadata carries checksums (`metadata_csum`). */
  readonly hasChecksums: boolean;
  /** What the checksums start from. */
  readonly seed: number;
  #claims = new BlockClaims(false);

  /** Reads and verifies the superblock; throws `ImageError` `CORRUPT` or `UNSUPPORTED`. */
  constructor(source: ByteSource) {
    this.source = source;
    const bytes = new Uint8Array(SUPERBLOCK_SIZE);
    this.#read(SUPERBLOCK_POSITION, bytes, "superblock");
    const view = new DataView(bytes.buffer);
    if (view.getUint16(0x38, true) !== SUPERBLOCK_MAGIC) {
      this.#refuse(`magic is 0x${view.getUint16(0x38, true).toString(16)}`, "0xef53");
    }
    const superblock = superblockOfRevision(readSuperblock(view, 0));
    this.superblock = superblock;
    this.hasChecksums = (superblock.featureRoCompat & RoCompatFeature.metadataCsum) !== 0;
    this.#verifyChecksum(bytes);
    this.#heed(unknownFeature(superblock));
    this.#heed(badGeometry(superblock, source.size));
    this.blockSize = 1024 * 2 ** superblock.logBlockSize;
    this.clusterRatio = 2 ** (superblock.logClusterSize - superblock.logBlockSize);
    this.groupCount = groupCountOf(superblock);
    this.descriptorSize = descriptorSizeOf(superblock);
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

  /** Fills `into` with the blocks from `block` on, which must be in the image. */
  readBlocks(block: number, into: Uint8Array, thing: string): void {
    this.checkBlocks(block, into.length / this.blockSize, thing);
    this.#read(block * this.blockSize, into, thing);
  }

  /** Reads one block, which must be in the image. */
  readBlock(block: number, thing: string): ViewedBytes {
    this.checkBlocks(block, 1, thing);
    const bytes = new Uint8Array(this.blockSize);
    this.#read(block * this.blockSize, bytes, thing);
    return { bytes, view: new DataView(bytes.buffer) };
  }

  /**
   * Claims blocks for one owner. No image has more of them than blocks, so that blocks which many
   * files claim do not multiply time and memory. Whether they overlap shows `check`.
   */
  claim(block: number, count: number, thing: string): void {
    this.#claims.add(block, count);
    const { blocksCount, featureRoCompat } = this.superblock;
    const isShared = (featureRoCompat & RoCompatFeature.sharedBlocks) !== 0;
    const limit = isShared ? MOST_SHARED * blocksCount : blocksCount;
    if (this.#claims.blockCount > limit) {
      throw this.corrupt(
        thing,
        `${this.#claims.blockCount} blocks are claimed so far`,
        `at most ${limit}`,
      );
    }
  }

  /** Claims a block that leads to others; it can have one owner only, or reading might not end. */
  claimNode(block: number, thing: string): void {
    this.claim(block, 1, thing);
    this.noteNode(block, thing);
  }

  /** Notes a claimed block that leads to others, as `claimNode` does. */
  noteNode(block: number, thing: string): void {
    if (this.#claims.addNode(block)) return;
    throw this.corrupt(
      thing,
      `block ${block} is claimed twice`,
      "once",
      block * this.blockSize,
    );
  }

  /** Ends the claims so far and begins new ones, which are answered. */
  newClaims(keepsRuns: boolean): BlockClaims {
    this.#claims = new BlockClaims(keepsRuns, this.clusterRatio);
    return this.#claims;
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

  #heed(refusal: Refusal | null): void {
    if (refusal === null) return;
    const { code, observed, expected } = refusal;
    throw this.#error(code, "superblock", observed, expected, SUPERBLOCK_POSITION);
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

  #read(position: number, into: Uint8Array, thing: string): void {
    const byteCount = into.length;
    if (position + byteCount > this.source.size) {
      throw this.corrupt(
        thing,
        `image ends at ${this.source.size}`,
        `at least ${position + byteCount} bytes`,
        position,
      );
    }
    const count = this.source.read(into, position);
    if (count !== byteCount) {
      throw this.corrupt(thing, `${count} bytes are there`, `${byteCount}`, position);
    }
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
}

/** A number as messages show it. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
