/**
 * The image as the reader sees it: superblock, bounds of the tables, metadata and data blocks.
 *
 * @module
 */
import {
  blockDecompressor,
  type DecompressBlock,
  decompressExactly,
} from "../../compress/block_codec.ts";
import type { CompressionName } from "../../compress/compression.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { BlockCache } from "./block_cache.ts";
import { COMPRESSORS } from "./compressor.ts";
import { storedBytes, UNCOMPRESSED_BLOCK } from "./fragment.ts";
import { METADATA_HEAD_SIZE, UNCOMPRESSED_METADATA } from "./metadata_table.ts";
import {
  METADATA_SIZE,
  NO_TABLE,
  readSuperblock,
  SQUASHFS_MAGIC,
  type Superblock,
  SUPERBLOCK_SIZE,
} from "./superblock.ts";

const MIN_BLOCK_LOG = 12;
const MAX_BLOCK_LOG = 20;
/** Metadata blocks that are kept decompressed: 4 MiB. */
const CACHED_METADATA = 512;

/** A metadata block, decompressed. */
export interface MetadataBlock {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** A view of them. */
  readonly view: DataView;
  /** Where the next block starts in the image. */
  readonly next: number;
}

/** The image with its superblock checked. */
export class SquashfsVolume {
  /** The image. */
  readonly source: ByteSource;
  /** Its superblock. */
  readonly superblock: Superblock;
  /** Name of its compression. */
  readonly compression: CompressionName;
  readonly #decompress: DecompressBlock;
  readonly #metadata = new BlockCache<MetadataBlock>(CACHED_METADATA);

  /** Reads the superblock. Throws `ImageError` `CORRUPT` and `UNSUPPORTED`. */
  constructor(source: ByteSource) {
    this.source = source;
    const head = new Uint8Array(SUPERBLOCK_SIZE);
    if (source.read(head, 0) < SUPERBLOCK_SIZE) {
      throw this.corrupt("image", `it has ${source.size} bytes`, `${SUPERBLOCK_SIZE} or more`, 0);
    }
    this.superblock = readSuperblock(new DataView(head.buffer), 0);
    this.#checkSuperblock();
    const compressor = COMPRESSORS[this.superblock.compression];
    if (compressor === undefined || compressor.decoder === null) {
      const name = compressor === undefined || this.superblock.compression === 0
        ? "unknown"
        : compressor.name;
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot read squashfs compression ${this.superblock.compression}: it is ${name}, expected ` +
          COMPRESSORS.flatMap((it) => it.decoder === null ? [] : [it.name]).join(", "),
        { where: { source: source.name, offset: 0x14 } },
      );
    }
    this.compression = compressor.name;
    this.#decompress = blockDecompressor(compressor.decoder);
  }

  /** An error at a place of the image. */
  corrupt(what: string, observed: string, expected: string, offset?: number): ImageError {
    return new ImageError(
      "CORRUPT",
      `Cannot read squashfs ${what}: ${observed}, expected ${expected}`,
      { where: { source: this.source.name, offset } },
    );
  }

  /** The bytes `[position, position + size)`, which must be there. */
  bytesAt(what: string, position: number, size: number): Uint8Array<ArrayBuffer> {
    const { bytesUsed } = this.superblock;
    if (position < SUPERBLOCK_SIZE || position + size > bytesUsed) {
      const range = `${SUPERBLOCK_SIZE} to ${bytesUsed}`;
      throw this.corrupt(what, `it stands at ${position} to ${position + size}`, range, position);
    }
    const bytes = new Uint8Array(size);
    const count = this.source.read(bytes, position);
    if (count < size) throw this.corrupt(what, `${count} bytes are there`, `${size}`, position);
    return bytes;
  }

  /** The metadata block that starts at `position`. */
  metadataBlock(position: number): MetadataBlock {
    const known = this.#metadata.get(position);
    if (known !== undefined) return known;
    const block = this.#readMetadata(position);
    this.#metadata.set(position, block);
    return block;
  }

  /** Stored bytes of the metadata block at `position`, its head included. */
  metadataBlockSize(position: number): number {
    const bytes = this.bytesAt("metadata block", position, METADATA_HEAD_SIZE);
    const head = bytes[0] + bytes[1] * 256;
    const size = head % UNCOMPRESSED_METADATA;
    if (size === 0 || size > METADATA_SIZE) {
      throw this.corrupt(
        "metadata block",
        `it has ${size} bytes`,
        `1 to ${METADATA_SIZE}`,
        position,
      );
    }
    return METADATA_HEAD_SIZE + size;
  }

  /** Decompresses a stored data or fragment block; it must have `output.length` bytes. */
  readBlock(position: number, size: number, output: Uint8Array): void {
    const stored = storedBytes(size);
    const { blockSize } = this.superblock;
    if (size >= 2 * UNCOMPRESSED_BLOCK || stored === 0 || stored > blockSize) {
      const observed = `its size is 0x${size.toString(16)}`;
      throw this.corrupt("data block", observed, `1 to ${blockSize} bytes`, position);
    }
    const bytes = this.bytesAt("data block", position, stored);
    if (size >= UNCOMPRESSED_BLOCK) {
      if (stored !== output.length) {
        throw this.corrupt("data block", `it has ${stored} bytes`, `${output.length}`, position);
      }
      output.set(bytes);
      return;
    }
    this.#at(position, () => decompressExactly(this.#decompress, bytes, output));
  }

  /** Decompresses a block of which the size is not known; answers its bytes. */
  readOpenBlock(position: number, size: number): Uint8Array {
    const stored = storedBytes(size);
    const { blockSize } = this.superblock;
    if (size >= UNCOMPRESSED_BLOCK) {
      const output = new Uint8Array(Math.min(stored, blockSize));
      this.readBlock(position, size, output);
      return output;
    }
    if (stored === 0 || stored > blockSize) {
      throw this.corrupt("fragment block", `it has ${stored} bytes`, `1 to ${blockSize}`, position);
    }
    const bytes = this.bytesAt("fragment block", position, stored);
    const output = new Uint8Array(blockSize);
    return output.subarray(0, this.#at(position, () => this.#decompress(bytes, output)));
  }

  #readMetadata(position: number): MetadataBlock {
    const storedSize = this.metadataBlockSize(position);
    const stored = this.bytesAt("metadata block", position, storedSize);
    const isStored = stored[1] >= UNCOMPRESSED_METADATA >> 8;
    let bytes = stored.subarray(METADATA_HEAD_SIZE);
    if (!isStored) {
      const output = new Uint8Array(METADATA_SIZE);
      const packed = bytes;
      bytes = output.subarray(0, this.#at(position, () => this.#decompress(packed, output)));
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return { bytes, view, next: position + storedSize };
  }

  #at<T>(offset: number, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof ImageError ? error.at({ source: this.source.name, offset }) : error;
    }
  }

  #checkSuperblock(): void {
    const sb = this.superblock;
    const corrupt = (observed: string, expected: string, offset: number) =>
      this.corrupt("superblock", observed, expected, offset);
    if (sb.magic !== SQUASHFS_MAGIC) {
      throw corrupt(`magic is 0x${sb.magic.toString(16)}`, `0x${SQUASHFS_MAGIC.toString(16)}`, 0);
    }
    if (sb.majorVersion !== 4 || sb.minorVersion !== 0) {
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot read squashfs version ${sb.majorVersion}.${sb.minorVersion}, expected 4.0`,
        { where: { source: this.source.name, offset: 0x1c } },
      );
    }
    if (
      sb.blockLog < MIN_BLOCK_LOG || sb.blockLog > MAX_BLOCK_LOG ||
      sb.blockSize !== 2 ** sb.blockLog
    ) {
      const observed = `block size is ${sb.blockSize} and its logarithm ${sb.blockLog}`;
      throw corrupt(observed, "4096 to 1048576", 0x0c);
    }
    if (sb.bytesUsed > this.source.size || sb.bytesUsed < SUPERBLOCK_SIZE) {
      throw corrupt(`it has ${sb.bytesUsed} bytes`, `at most ${this.source.size}`, 0x28);
    }
    if (sb.inodeCount === 0 || sb.idCount === 0) {
      throw corrupt(`it has ${sb.inodeCount} inodes and ${sb.idCount} ids`, "1 or more", 4);
    }
    // The order in which the kernel wants them.
    const starts = [
      SUPERBLOCK_SIZE,
      sb.inodeTableStart,
      sb.directoryTableStart,
      ...(sb.fragmentCount > 0 ? [sb.fragmentTableStart] : []),
      ...(sb.exportTableStart === NO_TABLE ? [] : [sb.exportTableStart]),
      sb.idTableStart,
      ...(sb.xattrTableStart === NO_TABLE ? [] : [sb.xattrTableStart]),
      sb.bytesUsed,
    ];
    if (starts.some((start, i) => i > 0 && start < starts[i - 1])) {
      throw corrupt(`tables start at ${starts.slice(1, -1).join(", ")}`, "ascending order", 0x30);
    }
  }
}
