/**
 * Places the bytes of files as they come: full blocks one behind the other, the ends of files
 * together in fragment blocks, and equal files once.
 *
 * Blocks are compressed by a pool and arrive here in the order in which they were handed to it, so
 * positions do not depend on how many threads there are.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { CompressPool } from "../../compress/compress_pool.ts";
import { ImageError } from "../../image_error.ts";
import type { FileWriter } from "../image_format.ts";
import { SquashfsContent } from "./content.ts";
import { FileDigest } from "./file_digest.ts";
import { type FragmentEntry, UNCOMPRESSED_BLOCK } from "./fragment.ts";
import type { SequentialOutput } from "./sequential_output.ts";

/** Most blocks of a file: its inode has 4 bytes for each, holes included. */
const BLOCKS_MAX = 2 ** 25;
/** The list of a file that is one block of zeros. */
const ONE_HOLE = new Uint32Array(1);

/** What the placer is made of. */
export interface PlacerParts {
  /** Where blocks go. */
  readonly output: SequentialOutput;
  /** What compresses them. */
  readonly pool: CompressPool;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Whether the ends of files share blocks. */
  readonly hasFragments: boolean;
}

/** Places files one after another. */
export class DataPlacer {
  /** All fragment blocks, the open one not counted. */
  readonly fragments: FragmentEntry[] = [];
  /** Files whose bytes were there already. */
  duplicateCount = 0;
  readonly #parts: PlacerParts;
  readonly #zeros: Buffer;
  // One buffer is enough: one file is open at a time.
  readonly #block: Uint8Array;
  readonly #fragment: Uint8Array;
  #fragmentFill = 0;
  readonly #known = new Map<string, SquashfsContent>();

  /** Places files by these parts. */
  constructor(parts: PlacerParts) {
    this.#parts = parts;
    this.#zeros = Buffer.alloc(parts.blockSize);
    this.#block = new Uint8Array(parts.blockSize);
    this.#fragment = new Uint8Array(parts.blockSize);
  }

  /** Begins a file of `size` bytes. Throws `ImageError` `LIMIT_EXCEEDED` for too many blocks. */
  begin(size: number): FileWriter<SquashfsContent> {
    const { blockSize } = this.#parts;
    const blockCount = Math.ceil(size / blockSize);
    if (blockCount > BLOCKS_MAX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot write file of ${size} bytes to squashfs: it has ${blockCount} blocks of ` +
          `${blockSize} bytes, expected at most ${BLOCKS_MAX}`,
      );
    }
    return new BlockWriter(this, new SquashfsContent(size), this.#block);
  }

  /** Bytes of a block. */
  get blockSize(): number {
    return this.#parts.blockSize;
  }

  /** Whether the ends of files share blocks. */
  get hasFragments(): boolean {
    return this.#parts.hasFragments;
  }

  /** Whether a block is nothing but zeros. */
  isZero(block: Uint8Array): boolean {
    if (block[0] !== 0 || block[block.length - 1] !== 0) return false;
    return this.#zeros.compare(block, 0, block.length, 0, block.length) === 0;
  }

  /** Stores a block of the file that is open as number `index` of its list. */
  placeBlock(file: PlacedFile, index: number, block: Uint8Array): void {
    const { output, pool } = this.#parts;
    pool.submit(block, (compressed, original) => {
      if (file.isDropped) return;
      if (!file.isBegun) {
        file.isBegun = true;
        file.content.start = output.position;
      }
      file.content.blockSizes[index] = storedSize(compressed, original);
      output.write(compressed ?? original);
    });
  }

  /** Puts the end of a file into the open fragment block. */
  placeTail(content: SquashfsContent, tail: Uint8Array): void {
    if (this.#fragmentFill + tail.length > this.blockSize) this.flushFragment();
    content.fragment = this.fragments.length;
    content.offset = this.#fragmentFill;
    this.#fragment.set(tail, this.#fragmentFill);
    this.#fragmentFill += tail.length;
  }

  /** Stores the open fragment block. */
  flushFragment(): void {
    if (this.#fragmentFill === 0) return;
    const { output, pool } = this.#parts;
    const entry: FragmentEntry = { start: 0, size: 0 };
    this.fragments.push(entry);
    pool.submit(this.#fragment.subarray(0, this.#fragmentFill), (compressed, original) => {
      entry.start = output.position;
      entry.size = storedSize(compressed, original);
      output.write(compressed ?? original);
    });
    this.#fragmentFill = 0;
  }

  /** The place of equal bytes, where there is one; else `content` is known from now on. */
  sameOrNew(key: string, content: SquashfsContent): SquashfsContent {
    const same = this.#known.get(key);
    if (same !== undefined && same.references > 0) {
      same.references++;
      this.duplicateCount++;
      return same;
    }
    this.#known.set(key, content);
    return content;
  }

  /** Forgets the blocks of the file that is open: its bytes are elsewhere already. */
  drop(file: PlacedFile): void {
    file.isDropped = true;
    // Nothing was handed to the pool behind this file's blocks: those that are out are the last.
    if (file.isBegun) this.#parts.output.rewind(file.content.start);
  }
}

/** A file while it is placed. */
interface PlacedFile {
  readonly content: SquashfsContent;
  /** Whether its first block is out. */
  isBegun: boolean;
  /** Whether its blocks are not wanted any more. */
  isDropped: boolean;
}

/** Cuts the bytes of one file into blocks. */
class BlockWriter implements FileWriter<SquashfsContent>, PlacedFile {
  readonly content: SquashfsContent;
  isBegun = false;
  isDropped = false;
  readonly #placer: DataPlacer;
  readonly #block: Uint8Array;
  readonly #digest: FileDigest;
  #fill = 0;
  #index = 0;
  #rest: number;

  constructor(placer: DataPlacer, content: SquashfsContent, block: Uint8Array) {
    this.content = content;
    this.#placer = placer;
    this.#block = block;
    this.#rest = content.size;
    this.#digest = new FileDigest(content.size);
    if (content.size >= block.length || !placer.hasFragments) {
      content.blockSizes = new Uint32Array(Math.ceil(content.size / block.length));
    }
  }

  write(bytes: Uint8Array): void {
    this.#take(bytes.length);
    const blockSize = this.#block.length;
    for (let at = 0; at < bytes.length;) {
      if (this.#fill === 0 && bytes.length - at >= blockSize) {
        this.#placeBlock(bytes.subarray(at, at + blockSize));
        at += blockSize;
        continue;
      }
      const count = Math.min(blockSize - this.#fill, bytes.length - at);
      this.#block.set(
        count === bytes.length ? bytes : bytes.subarray(at, at + count),
        this.#fill,
      );
      this.#fill += count;
      at += count;
      if (this.#fill === blockSize) this.#placeBuffer();
    }
  }

  skip(byteCount: number): void {
    this.#take(byteCount);
    const blockSize = this.#block.length;
    for (let rest = byteCount; rest > 0;) {
      if (this.#fill === 0 && rest >= blockSize) {
        this.#placeHole(blockSize);
        rest -= blockSize;
        continue;
      }
      const count = Math.min(blockSize - this.#fill, rest);
      this.#block.fill(0, this.#fill, this.#fill + count);
      this.#fill += count;
      rest -= count;
      if (this.#fill === blockSize) this.#placeBuffer();
    }
  }

  end(): SquashfsContent {
    if (this.#rest > 0) {
      throw new RangeError(`file ends ${this.#rest} bytes early, expected ${this.content.size}`);
    }
    const { content } = this;
    const tail = this.#block.subarray(0, this.#fill);
    const isHole = this.#fill > 0 && this.#placer.isZero(tail);
    if (isHole) {
      if (content.blockSizes.length === 0) content.blockSizes = ONE_HOLE;
      this.#placeHole(this.#fill);
    } else if (this.#fill > 0) this.#digest.data(tail);
    const key = this.#digest.key();
    if (key === null) return content; // Nothing but holes.
    const known = this.#placer.sameOrNew(key, content);
    if (known !== content) {
      this.#placer.drop(this);
      return known;
    }
    if (isHole || this.#fill === 0) return content;
    if (this.#placer.hasFragments) {
      // The list has no place for what is in a fragment.
      content.blockSizes = content.blockSizes.subarray(0, this.#index);
      this.#placer.placeTail(content, tail);
    } else this.#placer.placeBlock(this, this.#index, tail);
    return content;
  }

  #take(byteCount: number): void {
    if (byteCount > this.#rest) {
      throw new RangeError(`file is longer than expected, ${this.content.size} bytes`);
    }
    this.#rest -= byteCount;
  }

  #placeBuffer(): void {
    this.#fill = 0;
    this.#placeBlock(this.#block);
  }

  #placeBlock(block: Uint8Array): void {
    if (this.#placer.isZero(block)) return this.#placeHole(block.length);
    this.#digest.data(block);
    this.#placer.placeBlock(this, this.#index++, block);
  }

  #placeHole(size: number): void {
    this.#digest.hole(this.#index++);
    this.content.sparseBytes += size;
  }
}

function storedSize(compressed: Uint8Array | null, original: Uint8Array): number {
  return compressed === null ? original.length + UNCOMPRESSED_BLOCK : compressed.length;
}
