/**
 * One block of bzip2: Huffman codes, move-to-front and run lengths, and the Burrows–Wheeler
 * transform undone.
 *
 * There is no formal specification; this follows the format as `bzip2` 1.0 writes it (no randomised
 * blocks, which only versions before 0.9.5 made). Every loop is bounded by the block's size.
 *
 * @module
 */
import type { BlobInput } from "../blob_input.ts";
import type { BitReader } from "./bit_reader.ts";
import { malformed } from "./decompressor.ts";

const MAX_CODE_BITS = 20;
const MAX_SYMBOLS = 258;
/** Symbols that are decoded by one table before the next is selected. */
const GROUP_SIZE = 50;

/** A Huffman code: the symbols in the order of their codes, and the last code of each length. */
interface HuffmanTable {
  readonly minBits: number;
  readonly maxBits: number;
  /** Largest code of each length, -1 where there is none. */
  readonly limit: Int32Array;
  /** What to subtract from a code of each length to get its place in `symbols`. */
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
}

/** Decodes blocks; its memory is used for one after another. */
export class Bzip2Block {
  /** Bytes of the block before run lengths are undone. */
  count = 0;
  /** Low 8 bits: the byte; above: where its successor is. */
  links: Uint32Array = new Uint32Array(0);
  /** Most bytes that a block of the present stream may have. */
  maxCount = 0;
  /** Where the first byte is. */
  first = 0;
  readonly #input: BlobInput;
  readonly #bits: BitReader;

  /** Creates a decoder; set `maxCount` for each stream. */
  constructor(input: BlobInput, bits: BitReader) {
    this.#input = input;
    this.#bits = bits;
  }

  /** Reads a block from behind its checksum. Throws `ImageError` `CORRUPT`. */
  read(): void {
    // Only a real block is worth the memory: a stream without any takes 14 bytes of the blob.
    if (this.links.length < this.maxCount) this.links = new Uint32Array(this.maxCount);
    const bits = this.#bits;
    if (bits.read(1) !== 0) throw this.#broken("a randomised block of bzip2 0.9.0 or before");
    const origin = bits.read(24);
    const used = this.#readUsedBytes();
    const symbolCount = used.length + 2;
    const tableCount = bits.read(3);
    if (tableCount < 2 || tableCount > 6) throw this.#broken(`${tableCount} Huffman tables`);
    const selectors = this.#readSelectors(tableCount);
    const tables: HuffmanTable[] = [];
    for (let i = 0; i < tableCount; i++) tables.push(this.#readTable(symbolCount));
    this.#readSymbols(used, selectors, tables);
    if (origin >= this.count) throw this.#broken(`it begins at ${origin} of ${this.count} bytes`);
    this.#link(origin);
  }

  /** The byte values that occur, ascending. */
  #readUsedBytes(): Uint8Array {
    const bits = this.#bits;
    const used: number[] = [];
    const ranges = bits.read(16);
    for (let range = 0; range < 16; range++) {
      if ((ranges & (0x8000 >> range)) === 0) continue;
      const values = bits.read(16);
      for (let i = 0; i < 16; i++) if ((values & (0x8000 >> i)) !== 0) used.push(range * 16 + i);
    }
    if (used.length === 0) throw this.#broken("no byte value occurs");
    return Uint8Array.from(used);
  }

  /** Which table decodes each group of symbols: move-to-front indices in unary. */
  #readSelectors(tableCount: number): Uint8Array {
    const bits = this.#bits;
    const selectors = new Uint8Array(bits.read(15));
    if (selectors.length === 0) throw this.#broken("no selectors");
    const order = [0, 1, 2, 3, 4, 5];
    for (let i = 0; i < selectors.length; i++) {
      let index = 0;
      while (bits.read(1) === 1) {
        if (++index >= tableCount) throw this.#broken("a selector is out of range");
      }
      const table = order.splice(index, 1)[0];
      order.unshift(table);
      selectors[i] = table;
    }
    return selectors;
  }

  /** The code lengths of a table, each as a difference to the one before. */
  #readTable(symbolCount: number): HuffmanTable {
    const bits = this.#bits;
    const lengths = new Uint8Array(symbolCount);
    let length = bits.read(5);
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      for (;;) {
        if (length < 1 || length > MAX_CODE_BITS) throw this.#broken(`a code of ${length} bits`);
        if (bits.read(1) === 0) break;
        length += bits.read(1) === 0 ? 1 : -1;
      }
      lengths[symbol] = length;
    }
    return createTable(lengths);
  }

  #readSymbols(used: Uint8Array, selectors: Uint8Array, tables: readonly HuffmanTable[]): void {
    const bits = this.#bits;
    const { links, maxCount } = this;
    const endSymbol = used.length + 1;
    // Move-to-front list of the byte values themselves.
    const order = used.slice();
    let count = 0;
    let run = 0;
    let runUnit = 1;
    for (const selector of selectors) {
      const { minBits, maxBits, limit, base, symbols } = tables[selector];
      for (let i = 0; i < GROUP_SIZE; i++) {
        let length = minBits;
        let code = bits.read(length);
        while (length <= maxBits && code > limit[length]) {
          code = code * 2 + bits.read(1);
          length++;
        }
        const place = code - base[length];
        if (length > maxBits || place < 0 || place >= symbols.length) {
          throw this.#broken("a code stands for nothing");
        }
        const symbol = symbols[place];
        if (symbol <= 1) {
          // Run lengths are numbers to the base 2 with the digits 1 and 2.
          run += runUnit * (symbol + 1);
          runUnit *= 2;
          if (run > maxCount - count) {
            throw this.#broken("it holds more bytes than a block may");
          }
          continue;
        }
        if (run > 0) {
          links.fill(order[0], count, count + run);
          count += run;
          run = 0;
          runUnit = 1;
        }
        if (symbol === endSymbol) {
          this.count = count;
          return;
        }
        if (count === maxCount) throw this.#broken("it holds more bytes than a block may");
        const index = symbol - 1;
        const value = order[index];
        order.copyWithin(1, 0, index);
        order[0] = value;
        links[count++] = value;
      }
    }
    throw this.#broken("it has no end");
  }

  /** Finds the order of the bytes: sorted by value, each stands where its predecessor points. */
  #link(origin: number): void {
    const { links, count } = this;
    const starts = new Uint32Array(256);
    for (let i = 0; i < count; i++) starts[links[i] & 0xff]++;
    for (let value = 0, sum = 0; value < 256; value++) {
      const next = sum + starts[value];
      starts[value] = sum;
      sum = next;
    }
    // A block has at most 900,000 bytes, so that an index fits into the upper 24 bits.
    for (let i = 0; i < count; i++) {
      const at = starts[links[i] & 0xff]++;
      links[at] = (links[at] | (i << 8)) >>> 0;
    }
    this.first = links[origin] >>> 8;
  }

  #broken(observed: string): Error {
    return malformed("bzip2", this.#input.position, observed, "a bzip2 block");
  }
}

function createTable(lengths: Uint8Array): HuffmanTable {
  const minBits = Math.min(...lengths);
  const maxBits = Math.max(...lengths);
  const counts = new Uint32Array(MAX_CODE_BITS + 2);
  for (const length of lengths) counts[length]++;
  const symbols = new Uint16Array(Math.min(lengths.length, MAX_SYMBOLS));
  const limit = new Int32Array(MAX_CODE_BITS + 2).fill(-1);
  const base = new Int32Array(MAX_CODE_BITS + 2);
  let place = 0;
  let code = 0;
  for (let length = minBits; length <= maxBits; length++) {
    base[length] = code - place;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) symbols[place++] = symbol;
    }
    code += counts[length];
    limit[length] = code - 1;
    code *= 2;
  }
  return { minBits, maxBits, limit, base, symbols };
}
