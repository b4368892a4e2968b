/**
 * An EROFS image that is read: its superblock, and its metadata by position.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { CompatFeature, IncompatFeature, incompatNames } from "./features.ts";
import { INODE_COMPACT_SIZE } from "./inode.ts";
import {
  checksummedSize,
  EROFS_MAGIC,
  readSuperblock,
  type Superblock,
  SUPERBLOCK_OFFSET,
  SUPERBLOCK_SIZE,
  superblockChecksum,
} from "./superblock.ts";

/** Bytes of metadata that are read at once, and how many such pieces are kept. */
const PAGE_SIZE = 64 * 1024;
const PAGES_MAX = 64;

const MIN_BLOCK_BITS = 9;
const MAX_BLOCK_BITS = 16;

/** Features that are read. */
const KNOWN_FEATURES = IncompatFeature.zeroPadding + IncompatFeature.compressionConfigs +
  IncompatFeature.chunkedFile + IncompatFeature.deviceTable + IncompatFeature.tailPacking +
  IncompatFeature.fragments + IncompatFeature.xattrPrefixes + IncompatFeature.is48bit;

/**
 * Bytes of metadata: they begin at `at` of the view. They are good until so much else was asked for
 * as is kept: not while names are walked.
 */
export interface MetadataBytes {
  /** The bytes, and others around them. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** View of the same bytes. */
  readonly view: DataView;
  /** Where the bytes that were asked for begin. */
  readonly at: number;
}

/** Bytes of an image from a multiple of their size on. */
type Page = Pick<MetadataBytes, "bytes" | "view">;

/** An image whose superblock was verified. */
export class ErofsVolume {
  /** Where the bytes are. */
  readonly source: ByteSource;
  /** The superblock as it stands. */
  readonly superblock: Superblock;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Bytes of the image by its own account. */
  readonly size: number;
  /** Number of the root directory. */
  readonly rootNid: number;
  readonly #metaStart: number;
  // The first is the one that was asked for least recently.
  readonly #pages = new Map<number, Page>();
  #lastIndex = -1;
  #lastPage: Page | null = null;
  // Bytes of the metadata of all files: no image has more of them than bytes.
  #claimedBytes = 0;

  /** Reads and verifies the superblock; throws `ImageError` `CORRUPT` or `UNSUPPORTED`. */
  constructor(source: ByteSource) {
    this.source = source;
    this.size = source.size;
    const { view, at } = this.metadata(SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE, "superblock");
    const superblock = readSuperblock(view, at);
    this.superblock = superblock;
    if (superblock.magic !== EROFS_MAGIC) {
      throw this.corrupt("superblock", `magic is 0x${superblock.magic.toString(16)}`, "0xe0f5e1e2");
    }
    const { blockSizeBits, featureIncompat } = superblock;
    if (blockSizeBits < MIN_BLOCK_BITS || blockSizeBits > MAX_BLOCK_BITS) {
      throw this.corrupt("superblock", `blkszbits is ${blockSizeBits}`, "9 to 16");
    }
    this.blockSize = 2 ** blockSizeBits;
    this.#checkFeatures();
    this.#checkChecksum();
    const is48bit = (featureIncompat & IncompatFeature.is48bit) !== 0;
    const blocksHigh = is48bit ? superblock.rootNidOrBlocksHigh : 0;
    this.size = (blocksHigh * 2 ** 32 + superblock.blocksLow) * this.blockSize;
    if (this.size > source.size) {
      throw this.corrupt(
        "superblock",
        `it has ${this.size / this.blockSize} blocks`,
        `${Math.floor(source.size / this.blockSize)} that are there`,
      );
    }
    this.rootNid = is48bit ? superblock.rootNid48 : superblock.rootNidOrBlocksHigh;
    this.#metaStart = superblock.metaBlock * this.blockSize;
  }

  /** Where an inode begins, bytes from the start of the image. */
  inodePosition(nid: number): number {
    return this.#metaStart + nid * INODE_COMPACT_SIZE;
  }

  /** `size` bytes at `position`, which must be in the image. They are not to be changed. */
  metadata(position: number, size: number, thing: string): MetadataBytes {
    this.checkRange(position, size, thing);
    const first = Math.floor(position / PAGE_SIZE);
    const last = Math.floor((position + Math.max(size, 1) - 1) / PAGE_SIZE);
    if (first === last) {
      const page = this.#page(first, thing);
      return { bytes: page.bytes, view: page.view, at: position - first * PAGE_SIZE };
    }
    const bytes = new Uint8Array(size);
    for (let index = first; index <= last; index++) {
      const start = Math.max(position, index * PAGE_SIZE);
      const end = Math.min(position + size, (index + 1) * PAGE_SIZE);
      const page = this.#page(index, thing).bytes;
      const at = start - index * PAGE_SIZE;
      bytes.set(page.subarray(at, at + end - start), start - position);
    }
    return { bytes, view: new DataView(bytes.buffer), at: 0 };
  }

  /** Throws where bytes are not all in the image. */
  checkRange(position: number, size: number, thing: string): void {
    if (position + size <= this.size) return;
    throw this.corrupt(
      thing,
      `it ends at byte ${position + size}`,
      `at most ${this.size}`,
      position,
    );
  }

  /** Fills `into` with content from `position`, which must be in the image. */
  readData(into: Uint8Array, position: number): void {
    this.checkRange(position, into.length, "content");
    const count = this.source.read(into, position);
    if (count === into.length) return;
    throw this.corrupt("content", `${count} bytes are there`, `${into.length}`, position);
  }

  /**
   * Counts bytes of directories, attributes, targets or maps that one file claims. No image has more
   * of them than bytes, so that bytes which many files claim do not multiply time and memory.
   */
  claim(byteCount: number, thing: string): void {
    this.#claimedBytes += byteCount;
    if (this.#claimedBytes <= this.size) return;
    throw this.corrupt(
      thing,
      `directories, attributes, targets and maps have ${this.#claimedBytes} bytes so far`,
      `at most ${this.size}`,
    );
  }

  /** The error of something that is not as it must be. */
  corrupt(thing: string, observed: string, expected: string, offset?: number): ImageError {
    return new ImageError("CORRUPT", `Cannot read ${thing}: ${observed}, expected ${expected}`, {
      where: { source: this.source.name, offset },
    });
  }

  /** The error of something that is not known here. */
  unsupported(thing: string, observed: string, expected: string): ImageError {
    return new ImageError(
      "UNSUPPORTED",
      `Cannot read ${thing}: ${observed}, expected ${expected}`,
      {
        where: { source: this.source.name },
      },
    );
  }

  #checkFeatures(): void {
    const { featureIncompat, extraDevices, directoryBlockBits } = this.superblock;
    const unknown = (featureIncompat & ~KNOWN_FEATURES) >>> 0;
    if (unknown !== 0) {
      throw this.unsupported(
        "superblock",
        `features are ${incompatNames(unknown).join(", ")}`,
        "none of them",
      );
    }
    if (extraDevices > 0) {
      throw this.unsupported("superblock", `data is on ${extraDevices} further devices`, "none");
    }
    if (directoryBlockBits !== 0) {
      throw this.unsupported("superblock", `dirblkbits is ${directoryBlockBits}`, "0");
    }
  }

  #checkChecksum(): void {
    const { featureCompat, checksum } = this.superblock;
    if ((featureCompat & CompatFeature.superblockChecksum) === 0) return;
    const size = checksummedSize(this.blockSize);
    const { bytes, at } = this.metadata(SUPERBLOCK_OFFSET, size, "superblock");
    const sum = superblockChecksum(bytes.subarray(at, at + size));
    if (sum === checksum) return;
    throw this.corrupt(
      "superblock",
      `checksum is 0x${checksum.toString(16)}`,
      `0x${sum.toString(16)}`,
    );
  }

  #page(index: number, thing: string): Page {
    if (index === this.#lastIndex) return this.#lastPage!;
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = this.#freePage();
      const position = index * PAGE_SIZE;
      const size = Math.min(PAGE_SIZE, this.source.size - position);
      const count = this.source.read(page.bytes.subarray(0, size), position);
      if (count !== size) {
        throw this.corrupt(thing, `${count} bytes are there`, `${size}`, position);
      }
    } else {
      this.#pages.delete(index);
    }
    this.#pages.set(index, page);
    this.#lastIndex = index;
    this.#lastPage = page;
    return page;
  }

  /**
   * Room for a page: a new one, or that of the page that was asked for least recently. New ones for
   * all would be as much garbage as there is metadata before it is worth collecting.
   */
  #freePage(): Page {
    if (this.#pages.size < PAGES_MAX) {
      const bytes = new Uint8Array(PAGE_SIZE);
      return { bytes, view: new DataView(bytes.buffer) };
    }
    const [index, page] = this.#pages.entries().next().value!;
    this.#pages.delete(index);
    return page;
  }
}
