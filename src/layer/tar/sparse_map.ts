/**
 * Where the data of a sparse file is: GNU tar's formats, all reduced to one list.
 *
 * Spec: GNU tar manual, "Storing Sparse Files" (old GNU, PAX 0.0, 0.1 and 1.0).
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { readTarNumber } from "./tar_number.ts";

/** Most pieces of data in one file. */
export const MAX_SPARSE_SEGMENTS = 1 << 20;

const ENTRY_SIZE = 24;
const NUMBER_WIDTH = 12;

/** The pieces of data of a file, ascending; what is between them is a hole. */
export class SparseMap {
  /** Offset and size of each piece by turns, in bytes. */
  readonly #numbers: number[] = [];
  #end = 0;
  #dataSize = 0;

  /** How many pieces there are. */
  get count(): number {
    return this.#numbers.length / 2;
  }

  /** Bytes of all pieces: what the archive holds of the file. */
  get dataSize(): number {
    return this.#dataSize;
  }

  /** First byte behind the last piece. */
  get end(): number {
    return this.#end;
  }

  /** Offset in the file of piece `index`. */
  offset(index: number): number {
    return this.#numbers[2 * index];
  }

  /** Bytes of piece `index`. */
  size(index: number): number {
    return this.#numbers[2 * index + 1];
  }

  /** Adds a piece; throws `ImageError` where it overlaps the one before, or there are too many. */
  add(offset: number, size: number): void {
    if (
      !Number.isSafeInteger(offset) || !Number.isSafeInteger(size) || size < 0 ||
      offset < this.#end || !Number.isSafeInteger(offset + size)
    ) {
      throw corrupt(
        `piece ${this.count} is ${size} bytes at ${offset}`,
        `at or after ${this.#end}`,
      );
    }
    if (this.count === MAX_SPARSE_SEGMENTS) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read sparse map: more than ${MAX_SPARSE_SEGMENTS} pieces, expected at most that`,
      );
    }
    this.#numbers.push(offset, size);
    this.#end = offset + size;
    this.#dataSize += size;
  }

  /**
   * Checks the map against the file: throws `ImageError` `CORRUPT` where it goes beyond
   * `realSize`, or where the archive holds another number of bytes than it lists.
   */
  check(realSize: number, storedSize: number): void {
    if (this.#end > realSize) throw corrupt(`it ends at ${this.#end}`, `at most ${realSize}`);
    if (this.#dataSize !== storedSize) {
      throw corrupt(`it lists ${this.#dataSize} bytes`, `the ${storedSize} that are stored`);
    }
  }
}

/**
 * Adds the pieces of a GNU header or of one of its extension blocks: `count` pairs of 12-byte
 * numbers at `at`. A pair that begins with a NUL ends the list.
 */
export function addSparseEntries(
  map: SparseMap,
  bytes: Uint8Array,
  at: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const entry = at + i * ENTRY_SIZE;
    if (bytes[entry] === 0 || bytes[entry + NUMBER_WIDTH] === 0) return;
    map.add(
      readTarNumber(bytes, entry, NUMBER_WIDTH, "sparse offset"),
      readTarNumber(bytes, entry + NUMBER_WIDTH, NUMBER_WIDTH, "sparse numbytes"),
    );
  }
}

/** The map of PAX sparse format 0.1: `offset,size,offset,size…`. */
export function parseSparseList(text: string): SparseMap {
  const map = new SparseMap();
  if (text === "") return map;
  if (!/^\d+(?:,\d+)*$/.test(text)) throw corrupt("GNU.sparse.map is no list", "decimal numbers");
  let at = 0;
  while (at < text.length) {
    const comma = text.indexOf(",", at);
    if (comma < 0) throw corrupt("GNU.sparse.map has an odd count", "pairs of numbers");
    const next = text.indexOf(",", comma + 1);
    const end = next < 0 ? text.length : next;
    map.add(Number(text.slice(at, comma)), Number(text.slice(comma + 1, end)));
    at = end + 1;
  }
  return map;
}

/**
 * Reads the map of PAX sparse format 1.0 as it comes: decimal lines in front of the data, first the
 * count of pieces, then offset and size of each; padded to a block.
 */
export class SparseMapReader {
  /** What was read so far. */
  readonly map: SparseMap = new SparseMap();
  #expectedCount = -1;
  #offset = -1;
  #value = 0;
  #digitCount = 0;

  /** `true` when the last line was read: the rest of the block is padding. */
  get isComplete(): boolean {
    return this.#expectedCount === this.map.count && this.#offset < 0;
  }

  /** Reads from `[start, end)` and answers where it stopped: `end`, or before it when complete. */
  read(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && !this.isComplete) {
      const byte = bytes[at++];
      if (byte === 0x0a && this.#digitCount > 0) {
        this.#takeNumber(this.#value);
        this.#value = 0;
        this.#digitCount = 0;
      } else if (byte >= 0x30 && byte <= 0x39 && this.#digitCount < 20) {
        this.#value = this.#value * 10 + byte - 0x30;
        this.#digitCount++;
      } else {
        throw corrupt(`its text has byte 0x${byte.toString(16)}`, "decimal lines");
      }
    }
    return at;
  }

  #takeNumber(value: number): void {
    if (this.#expectedCount < 0) {
      if (value > MAX_SPARSE_SEGMENTS) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read sparse map: ${value} pieces, expected at most ${MAX_SPARSE_SEGMENTS}`,
        );
      }
      this.#expectedCount = value;
    } else if (this.#offset < 0) {
      this.#offset = value;
    } else {
      this.map.add(this.#offset, value);
      this.#offset = -1;
    }
  }
}

function corrupt(observed: string, expected: string): ImageError {
  return new ImageError("CORRUPT", `Cannot read sparse map: ${observed}, expected ${expected}`);
}
