/**
 * The bytes of files from their blocks.
 *
 * @module
 */
import { BlockCache } from "./block_cache.ts";
import type { SquashfsContent } from "./content.ts";
import { storedBytes } from "./fragment.ts";
import { NONE } from "./inode.ts";
import type { SquashfsTables } from "./reader_tables.ts";
import type { SquashfsVolume } from "./reader_volume.ts";

/** Bytes of data blocks, and of fragment blocks, that are kept decompressed. */
const CACHED_BYTES = 4 * 1024 * 1024;

/** Reads contents. */
export class SquashfsContents {
  readonly #volume: SquashfsVolume;
  readonly #tables: SquashfsTables;
  readonly #blockSize: number;
  readonly #blocks: BlockCache<Uint8Array>;
  readonly #fragments: BlockCache<Uint8Array>;
  // Where the block that was asked for last stands: files are mostly read forward.
  #last: { content: SquashfsContent | null; index: number; position: number } = {
    content: null,
    index: 0,
    position: 0,
  };

  /** Reads from a volume. */
  constructor(volume: SquashfsVolume, tables: SquashfsTables) {
    this.#volume = volume;
    this.#tables = tables;
    this.#blockSize = volume.superblock.blockSize;
    const count = Math.max(4, CACHED_BYTES / this.#blockSize);
    this.#blocks = new BlockCache(count);
    this.#fragments = new BlockCache(count);
  }

  /** Fills `into` from `position` and answers how many bytes there were. */
  read(content: SquashfsContent, into: Uint8Array, position: number): number {
    const end = Math.min(content.size, position + into.length);
    for (let at = position; at < end;) {
      const index = Math.floor(at / this.#blockSize);
      const offset = at % this.#blockSize;
      const blockEnd = Math.min(content.size, (index + 1) * this.#blockSize);
      const piece = into.subarray(at - position, Math.min(end, blockEnd) - position);
      this.#readPiece(content, index, offset, piece, blockEnd - index * this.#blockSize);
      at += piece.length;
    }
    return Math.max(0, end - position);
  }

  /** The first position from `position` on that is in no hole, `Infinity` where none follows. */
  seekData({ blockSizes, fragment, size }: SquashfsContent, position: number): number {
    if (position >= size) return Infinity;
    let index = Math.floor(position / this.#blockSize);
    while (index < blockSizes.length && blockSizes[index] === 0) index++;
    if (index === blockSizes.length && fragment === NONE) return Infinity;
    return Math.max(position, index * this.#blockSize);
  }

  #readPiece(
    content: SquashfsContent,
    index: number,
    offset: number,
    piece: Uint8Array,
    size: number,
  ): void {
    const { blockSizes } = content;
    if (index >= blockSizes.length) {
      const tail = this.#fragment(content.fragment);
      const start = content.offset + offset;
      if (start + piece.length > tail.length) {
        throw this.#volume.corrupt(
          `fragment block ${content.fragment}`,
          `it has ${tail.length} bytes`,
          `${start + piece.length}`,
        );
      }
      piece.set(tail.subarray(start, start + piece.length));
    } else if (blockSizes[index] === 0) piece.fill(0);
    else if (piece.length === size) {
      // All of it: no need to keep it.
      this.#volume.readBlock(this.#positionOf(content, index), blockSizes[index], piece);
    } else piece.set(this.#block(content, index, size).subarray(offset, offset + piece.length));
  }

  #block(content: SquashfsContent, index: number, size: number): Uint8Array {
    const position = this.#positionOf(content, index);
    let block = this.#blocks.get(position);
    // Broken images have blocks of different sizes at one position.
    if (block === undefined || block.length !== size) {
      block = new Uint8Array(size);
      this.#volume.readBlock(position, content.blockSizes[index], block);
      this.#blocks.set(position, block);
    }
    return block;
  }

  #fragment(number: number): Uint8Array {
    let block = this.#fragments.get(number);
    if (block === undefined) {
      const { start, size } = this.#tables.fragment(number);
      block = this.#volume.readOpenBlock(start, size);
      this.#fragments.set(number, block);
    }
    return block;
  }

  #positionOf(content: SquashfsContent, index: number): number {
    const last = this.#last;
    if (last.content !== content || last.index > index) {
      last.content = content;
      last.index = 0;
      last.position = content.start;
    }
    for (; last.index < index; last.index++) {
      last.position += storedBytes(content.blockSizes[last.index]);
    }
    return last.position;
  }
}
