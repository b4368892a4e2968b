/**
 * Blocks that are one xz stream each. Only the LZMA2 filter is known, alone.
 *
 * Spec: xz-file-format.txt 1.2.1 of XZ Utils (public domain).
 *
 * @module
 */
import { crc32 } from "node:zlib";
import { ImageError } from "../image_error.ts";
import { brokenBlock } from "./broken_block.ts";
import { LzmaDecoder } from "./lzma_decoder.ts";

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const STREAM_HEADER_SIZE = 12;
const FILTER_LZMA2 = 0x21;
const CHECK_CRC32 = 1;
/** Bytes of a check by its number. */
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/** Decompresses `input` into `output`; answers the size. */
export function decompressXz(input: Uint8Array, output: Uint8Array): number {
  const xz = new XzStream(input, output);
  return xz.decompress();
}

/** One stream; reads forward, every access checked. */
class XzStream {
  readonly #input: Uint8Array;
  readonly #view: DataView;
  readonly #output: Uint8Array;
  readonly #decoder: LzmaDecoder;
  #at = 0;

  constructor(input: Uint8Array, output: Uint8Array) {
    this.#input = input;
    this.#view = new DataView(input.buffer, input.byteOffset, input.length);
    this.#output = output;
    this.#decoder = new LzmaDecoder(output);
  }

  decompress(): number {
    const checkKind = this.#streamHeader();
    // A block header begins with its size, which is not 0; the index begins with 0.
    while (this.#byteAt(this.#at) !== 0) this.#block(checkKind);
    return this.#decoder.size;
  }

  #streamHeader(): number {
    this.#need(STREAM_HEADER_SIZE);
    if (MAGIC.some((byte, i) => this.#input[i] !== byte) || this.#input[6] !== 0) {
      throw brokenBlock("xz block", "it does not begin like xz", "an xz stream");
    }
    this.#checkCrc(6, 8);
    this.#at = STREAM_HEADER_SIZE;
    return this.#input[7] & 0x0f;
  }

  #block(checkKind: number): void {
    const start = this.#at;
    const headerSize = 4 * (this.#byteAt(start) + 1);
    this.#need(start + headerSize);
    this.#checkCrc(start, start + headerSize - 4);
    const flags = this.#input[start + 1];
    this.#at = start + 2;
    if ((flags & 0x40) !== 0) this.#number();
    if ((flags & 0x80) !== 0) this.#number();
    const filter = this.#number();
    if ((flags & 0x03) !== 0 || filter !== FILTER_LZMA2) {
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot decompress xz block: ${(flags & 0x03) + 1} filters, the first is 0x${
          filter.toString(16)
        }, expected LZMA2 alone`,
      );
    }
    this.#at = start + headerSize;
    const outputStart = this.#decoder.size;
    this.#lzma2();
    this.#at = 4 * Math.ceil(this.#at / 4);
    this.#check(checkKind, outputStart);
  }

  #lzma2(): void {
    const decoder = this.#decoder;
    let needsDictionary = true;
    let needsProperties = true;
    for (;;) {
      const control = this.#byteAt(this.#at++);
      if (control === 0) return;
      if (control === 1 || control >= 0xe0) {
        decoder.dictionaryStart = decoder.size;
        needsDictionary = false;
      } else if (needsDictionary || (control > 2 && control < 0x80)) {
        throw brokenBlock("xz block", `a chunk begins with ${control}`, "a valid one");
      }
      if (control < 0x80) {
        this.#stored();
        continue;
      }
      const low = this.#byteAt(this.#at) * 256 + this.#byteAt(this.#at + 1);
      const size = (control & 0x1f) * 65536 + low + 1;
      const end = this.#byteAt(this.#at + 2) * 256 + this.#byteAt(this.#at + 3) + 1;
      this.#at += 4;
      if (control >= 0xc0) {
        decoder.setProperties(this.#byteAt(this.#at++));
        needsProperties = false;
      } else if (needsProperties) {
        throw brokenBlock("xz block", "a chunk has no properties", "properties");
      } else if (control >= 0xa0) decoder.resetState();
      this.#need(this.#at + end);
      this.#room(size);
      decoder.decode(this.#input, this.#at, this.#at + end, decoder.size + size, false);
      this.#at += end;
    }
  }

  #stored(): void {
    const size = this.#byteAt(this.#at) * 256 + this.#byteAt(this.#at + 1) + 1;
    this.#at += 2;
    this.#need(this.#at + size);
    this.#room(size);
    this.#output.set(this.#input.subarray(this.#at, this.#at + size), this.#decoder.size);
    this.#decoder.size += size;
    this.#at += size;
  }

  /** Only CRC-32, which squashfs has, is verified. */
  #check(kind: number, outputStart: number): void {
    const at = this.#at;
    this.#at += CHECK_SIZES[kind];
    this.#need(this.#at);
    if (kind !== CHECK_CRC32) return;
    const sum = crc32(this.#output.subarray(outputStart, this.#decoder.size));
    if (sum !== this.#view.getUint32(at, true)) {
      throw brokenBlock("xz block", "its checksum is wrong", "that of its data");
    }
  }

  /** The header in `[start, end)` is followed by its CRC-32. */
  #checkCrc(start: number, end: number): void {
    if (crc32(this.#input.subarray(start, end)) !== this.#view.getUint32(end, true)) {
      throw brokenBlock("xz block", "the checksum of a header is wrong", "that of the header");
    }
  }

  /** A number of 7 bits in each byte, lowest first. */
  #number(): number {
    let value = 0;
    for (let i = 0; i < 7; i++) {
      const byte = this.#byteAt(this.#at++);
      value += (byte & 0x7f) * 2 ** (7 * i);
      if ((byte & 0x80) === 0) return value;
    }
    throw brokenBlock("xz block", "a number is longer than 7 bytes", "a shorter one");
  }

  #room(size: number): void {
    const total = this.#decoder.size + size;
    if (total > this.#output.length) {
      throw brokenBlock("xz block", `it has ${total} bytes`, `at most ${this.#output.length}`);
    }
  }

  #byteAt(at: number): number {
    this.#need(at + 1);
    return this.#input[at];
  }

  #need(end: number): void {
    if (end > this.#input.length) {
      throw brokenBlock("xz block", `it ends at byte ${this.#input.length}`, `${end} or more`);
    }
  }
}
