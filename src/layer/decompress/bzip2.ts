/**
 * bzip2: any number of streams, each a row of blocks with a checksum. A slow path for rare layers,
 * with memory for one block.
 *
 * @module
 */
import type { NoticeListener } from "../../notice.ts";
import type { BlobInput } from "../blob_input.ts";
import { BitReader } from "./bit_reader.ts";
import { Bzip2Block } from "./bzip2_block.ts";
import { type Decompressor, malformed } from "./decompressor.ts";

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const BLOCK_UNIT = 100_000;

/** Decompresses bzip2. */
export class Bzip2Decompressor implements Decompressor {
  readonly #input: BlobInput;
  readonly #bits: BitReader;
  readonly #onNotice: NoticeListener;
  readonly #crcTable = createCrcTable();
  #isAtEnd = false;
  #streamCount = 0;
  readonly #block: Bzip2Block;
  #isInStream = false;
  #streamCrc = 0;
  #statedBlockCrc = 0;
  #blockCrc = 0;
  // The block that is being given out: bytes to come, place of the next, and the run it is in.
  #left = 0;
  #place = 0;
  #previous = -1;
  #sameCount = 0;
  #copies = 0;

  /** Reads from `input`, whose next byte is the first of a stream. */
  constructor(input: BlobInput, onNotice: NoticeListener) {
    this.#input = input;
    this.#bits = new BitReader(input);
    this.#block = new Bzip2Block(input, this.#bits);
    this.#onNotice = onNotice;
  }

  /** See {@linkcode Decompressor.pull}. */
  pull(into: Uint8Array): number {
    let filled = 0;
    while (filled < into.length && !this.#isAtEnd) {
      if (this.#left === 0 && this.#copies === 0) this.#beginBlock();
      else filled = this.#give(into, filled);
    }
    return filled;
  }

  /** See {@linkcode Decompressor.close}. */
  close(): void {
    this.#isAtEnd = true;
  }

  #beginBlock(): void {
    if (!this.#isInStream) return this.#beginStream();
    const bits = this.#bits;
    const magic = bits.read(24) * 0x100_0000 + bits.read(24);
    const crc = bits.readWord();
    if (magic === BLOCK_MAGIC) {
      this.#block.read();
      this.#statedBlockCrc = crc;
      this.#streamCrc = ((this.#streamCrc << 1) | (this.#streamCrc >>> 31)) ^ crc;
      this.#blockCrc = 0xffff_ffff;
      this.#left = this.#block.count;
      this.#place = this.#block.first;
      this.#previous = -1;
      this.#sameCount = 0;
    } else if (magic === END_MAGIC) {
      this.#checkCrc("stream", this.#streamCrc >>> 0, crc);
      bits.align();
      this.#isInStream = false;
    } else {
      throw malformed("bzip2", this.#input.position, "there is no block", "its magic number");
    }
  }

  #beginStream(): void {
    const input = this.#input;
    const start = input.position;
    const head = [input.readByte()];
    while (head.length < 4 && head[head.length - 1] >= 0) head.push(input.readByte());
    const [b, z, h, digit] = head;
    const level = digit - 0x30;
    if (b === 0x42 && z === 0x5a && h === 0x68 && level >= 1 && level <= 9) {
      this.#block.maxCount = level * BLOCK_UNIT;
      this.#isInStream = true;
      this.#streamCrc = 0;
      this.#streamCount++;
      return;
    }
    if (this.#streamCount === 0) throw malformed("bzip2", start, "there is no stream", '"BZh"');
    this.#isAtEnd = true;
    if (b < 0) return;
    while (input.drainPiece());
    this.#onNotice({
      code: "TRAILING_DATA",
      message:
        `Data behind the end of the bzip2 stream was ignored, from byte ${start} of the blob`,
    });
  }

  /** Writes bytes of the block to `into` from `at`: four equal ones are followed by a count. */
  #give(into: Uint8Array, at: number): number {
    const links = this.#block.links;
    const table = this.#crcTable;
    let crc = this.#blockCrc;
    let filled = at;
    while (filled < into.length) {
      if (this.#copies > 0) {
        this.#copies--;
        into[filled++] = this.#previous;
        crc = (crc << 8) ^ table[(crc >>> 24) ^ this.#previous];
        continue;
      }
      if (this.#left === 0) break;
      const link = links[this.#place];
      this.#place = link >>> 8;
      this.#left--;
      const byte = link & 0xff;
      if (this.#sameCount === 4) {
        this.#copies = byte;
        this.#sameCount = 0;
        continue;
      }
      this.#sameCount = byte === this.#previous ? this.#sameCount + 1 : 1;
      this.#previous = byte;
      into[filled++] = byte;
      crc = (crc << 8) ^ table[(crc >>> 24) ^ byte];
    }
    this.#blockCrc = crc;
    if (this.#left === 0 && this.#copies === 0) {
      this.#checkCrc("block", ~crc >>> 0, this.#statedBlockCrc);
    }
    return filled;
  }

  #checkCrc(what: string, observed: number, stated: number): void {
    if (observed === stated) return;
    throw malformed(
      "bzip2",
      this.#input.position,
      `the ${what}'s CRC-32 is 0x${observed.toString(16)}`,
      `0x${stated.toString(16)} as stated`,
    );
  }
}

/** CRC-32 with the polynomial 0x04C11DB7, most significant bit first. */
function createCrcTable(): Int32Array {
  const table = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    table[byte] = crc;
  }
  return table;
}
