/**
 * Reads metadata forward through its blocks, within the bounds of a table.
 *
 * @module
 */
import type { MetadataBlock, SquashfsVolume } from "./reader_volume.ts";
import { METADATA_SIZE } from "./superblock.ts";

/** The part of an image in which a table's metadata blocks stand. */
export interface TableBounds {
  /** What it is, for messages. */
  readonly name: string;
  /** Where its first block starts. */
  readonly start: number;
  /** Where its last block ends, at most. */
  readonly end: number;
}

/** A place in a table, from which bytes are read one after another. */
export class MetadataCursor {
  readonly #volume: SquashfsVolume;
  readonly #bounds: TableBounds;
  #position: number;
  #block: MetadataBlock;
  #offset: number;

  /** Begins at `offset` of the block that starts `startBlock` bytes behind the table's start. */
  constructor(volume: SquashfsVolume, bounds: TableBounds, startBlock: number, offset: number) {
    this.#volume = volume;
    this.#bounds = bounds;
    this.#position = bounds.start + startBlock;
    this.#block = this.#load();
    this.#offset = offset;
    if (offset > this.#block.bytes.length || offset >= METADATA_SIZE) {
      const observed = `offset is ${offset}`;
      throw this.#corrupt(observed, `at most ${this.#block.bytes.length}`);
    }
  }

  /** Where its current block starts in the image, for messages. */
  get position(): number {
    return this.#position;
  }

  /** A view of the next `size` bytes, at most as many as memory for them is meant to be given. */
  take(size: number): DataView {
    const block = this.#block.bytes;
    const offset = this.#offset;
    if (offset + size <= block.length) {
      this.#offset += size;
      return new DataView(block.buffer, block.byteOffset + offset, size);
    }
    const bytes = this.bytes(size);
    return new DataView(bytes.buffer, bytes.byteOffset, size);
  }

  /** The next `size` bytes. The caller knows that so many are plausible. */
  bytes(size: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(size);
    for (let done = 0; done < size;) {
      if (this.#offset === this.#block.bytes.length) this.#next();
      const count = Math.min(size - done, this.#block.bytes.length - this.#offset);
      bytes.set(this.#block.bytes.subarray(this.#offset, this.#offset + count), done);
      this.#offset += count;
      done += count;
    }
    return bytes;
  }

  #next(): void {
    // Only the last block of a table may be short.
    if (this.#block.bytes.length < METADATA_SIZE) {
      throw this.#corrupt("it ends early", "more bytes");
    }
    this.#position = this.#block.next;
    this.#block = this.#load();
    this.#offset = 0;
  }

  #load(): MetadataBlock {
    const { start, end } = this.#bounds;
    if (this.#position < start || this.#position >= end) {
      throw this.#corrupt(`a block is at ${this.#position}`, `${start} to ${end}`);
    }
    const block = this.#volume.metadataBlock(this.#position);
    if (block.next > end) throw this.#corrupt(`a block ends at ${block.next}`, `at most ${end}`);
    if (block.bytes.length === 0) throw this.#corrupt("a block is empty", "bytes in it");
    return block;
  }

  #corrupt(observed: string, expected: string) {
    return this.#volume.corrupt(this.#bounds.name, observed, expected, this.#position);
  }
}

/** How many bytes of metadata stand between the bounds, at most. Throws where blocks do not fit. */
export function metadataCapacity(volume: SquashfsVolume, { start, end }: TableBounds): number {
  let count = 0;
  for (let position = start; position < end; count++) {
    position += volume.metadataBlockSize(position);
  }
  return count * METADATA_SIZE;
}
