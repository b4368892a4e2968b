/**
 * An image that is read: what its superblock says, and which of its bytes were taken for what.
 *
 * @module
 */
import { ByteSlab } from "../../bytes/byte_slab.ts";
import { divideUp } from "../../bytes/align.ts";
import { setBits, testBit } from "../../bytes/bitmap.ts";
import { CompatFeature, featureNames, IncompatFeature } from "../../format/erofs/features.ts";
import {
  checksummedSize,
  EROFS_MAGIC,
  readSuperblock,
  type Superblock,
  SUPERBLOCK_OFFSET,
  superblockChecksum,
} from "../../format/erofs/superblock.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { corrupt } from "./corrupt_image.ts";
import {
  IMAGE_FLAG_HAS_ACL,
  IMAGE_HEADER_VERSION,
  IMAGE_MAGIC,
  readImageHeader,
} from "./image_header.ts";
import { ImagePages } from "./image_pages.ts";
import {
  IMAGE_BLOCK_SIZE,
  IMAGE_VERSIONS,
  type ImageVersion,
  INODE_SLOT_SIZE,
} from "./image_version.ts";

/** Largest image that is read: no image of metadata alone comes near. */
const IMAGE_SIZE_MAX = 2 ** 30;

const BLOCK_SIZE_BITS = 12;
const FEATURE_COMPAT = CompatFeature.superblockChecksum + CompatFeature.mtime +
  CompatFeature.xattrFilter;
const FEATURE_INCOMPAT = IncompatFeature.chunkedFile;

/** An image whose head is right. */
export class ImageBytes {
  /** Its bytes, as many as it has by its own account. */
  readonly pages: ImagePages;
  /** Version of the image. */
  readonly version: ImageVersion;
  /** Its superblock. */
  readonly superblock: Superblock;
  /** Room for the bytes of files that stand in it. */
  readonly inline = new ByteSlab();
  // A bit for each unit of inode numbers, and for each block, that belongs to a file.
  readonly #slots: Uint8Array;
  readonly #blocks: Uint8Array;

  private constructor(source: ByteSource, size: number) {
    const block = new Uint8Array(IMAGE_BLOCK_SIZE);
    new ImagePages(source, size).copy(block, 0, "composefs image");
    const view = new DataView(block.buffer);
    this.version = checkHeader(view);
    this.superblock = readSuperblock(view, SUPERBLOCK_OFFSET);
    checkSuperblock(this.superblock, block, size);
    // What is behind the image by its own account is no part of it.
    this.pages = new ImagePages(source, this.superblock.blocksLow * IMAGE_BLOCK_SIZE);
    this.#slots = new Uint8Array(divideUp(this.pages.size / INODE_SLOT_SIZE, 8));
    this.#blocks = new Uint8Array(divideUp(this.pages.size / IMAGE_BLOCK_SIZE, 8));
  }

  /**
   * Opens an image. Throws `ImageError` `LIMIT_EXCEEDED` where it is too large, `CORRUPT` or
   * `UNSUPPORTED` where its head is not that of a composefs image.
   */
  static open(source: ByteSource): ImageBytes {
    const size = source.size - source.size % IMAGE_BLOCK_SIZE;
    if (size > IMAGE_SIZE_MAX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read composefs image: it has ${size} bytes, expected at most ${IMAGE_SIZE_MAX}`,
      );
    }
    if (size === 0) throw corrupt("composefs image", `it has ${source.size} bytes`, "a block", 0);
    return new ImageBytes(source, size);
  }

  /**
   * Takes the bytes `[start, end)` for an inode and what stands behind it: no other may have them,
   * or a small image could hold endless files.
   */
  claimInode(start: number, end: number): void {
    const last = divideUp(end, INODE_SLOT_SIZE);
    this.#claim(this.#slots, Math.floor(start / INODE_SLOT_SIZE), last, INODE_SLOT_SIZE);
  }

  /** Takes the blocks `[start, end)` for the data of one file. */
  claimBlocks(start: number, end: number): void {
    this.#claim(this.#blocks, start, end, IMAGE_BLOCK_SIZE);
  }

  #claim(bits: Uint8Array, start: number, end: number, unit: number): void {
    if (end * unit > this.pages.size) {
      throw corrupt(
        "inode",
        `it ends at ${end * unit}`,
        `at most ${this.pages.size}`,
        start * unit,
      );
    }
    for (let i = start; i < end; i++) {
      if (testBit(bits, 0, i)) {
        throw corrupt("inode", "another has the same bytes", "its own", i * unit);
      }
    }
    setBits(bits, 0, start, end);
  }
}

function checkHeader(view: DataView): ImageVersion {
  const { magic, version, flags, imageVersion } = readImageHeader(view, 0);
  const thing = "header of composefs image";
  if (magic !== IMAGE_MAGIC) {
    throw corrupt(thing, `magic is 0x${magic.toString(16)}`, `0x${IMAGE_MAGIC.toString(16)}`, 0);
  }
  const found = IMAGE_VERSIONS.find((it) => it === imageVersion);
  if (version !== IMAGE_HEADER_VERSION || found === undefined || flags > IMAGE_FLAG_HAS_ACL) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read ${thing}: version is ${version}, flags ${flags}, version of the image ` +
        `${imageVersion}, expected 1, at most ${IMAGE_FLAG_HAS_ACL} and at most 2`,
    );
  }
  return found;
}

function checkSuperblock(x: Superblock, block: Uint8Array, size: number): void {
  const thing = "superblock of composefs image";
  const at = SUPERBLOCK_OFFSET;
  if (x.magic !== EROFS_MAGIC) {
    throw corrupt(thing, `magic is 0x${x.magic.toString(16)}`, `0x${EROFS_MAGIC.toString(16)}`, at);
  }
  const compat = (x.featureCompat & ~FEATURE_COMPAT) >>> 0;
  const incompat = (x.featureIncompat & ~FEATURE_INCOMPAT) >>> 0;
  if (compat !== 0 || incompat !== 0) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read ${thing}: it has features ${featureNames(compat, incompat).join(", ")}, ` +
        "expected none of them in a composefs image",
    );
  }
  const zeros = {
    sb_extslots: x.extSlots,
    meta_blkaddr: x.metaBlock,
    available_compr_algs: x.compressions,
    extra_devices: x.extraDevices,
    dirblkbits: x.directoryBlockBits,
    xattr_prefix_count: x.xattrPrefixCount,
    packed_nid: x.packedNid,
    xattr_filter_reserved: x.xattrFilterReserved,
  };
  for (const [name, value] of Object.entries(zeros)) {
    if (value !== 0) throw corrupt(thing, `${name} is ${value}`, "0", at);
  }
  if (x.blockSizeBits !== BLOCK_SIZE_BITS) {
    throw corrupt(thing, `blkszbits is ${x.blockSizeBits}`, String(BLOCK_SIZE_BITS), at);
  }
  const blocks = size / IMAGE_BLOCK_SIZE;
  if (x.blocksLow === 0 || x.blocksLow > blocks) {
    throw corrupt(thing, `it has ${x.blocksLow} blocks`, `${blocks}`, at);
  }
  if ((x.featureCompat & CompatFeature.superblockChecksum) !== 0) {
    const sum = superblockChecksum(block.subarray(at, at + checksummedSize(IMAGE_BLOCK_SIZE)));
    if (sum !== x.checksum) throw corrupt(thing, `checksum is ${x.checksum}`, String(sum), at);
  }
}
