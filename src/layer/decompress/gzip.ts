/**
 * gzip: any number of members one after another, each a deflate stream with its checksum.
 *
 * The members are framed here and only the deflate streams are given to the runtime, so that the
 * end of each is known exactly, whichever decoder does the work. What follows the last member is
 * handled as by GNU gzip: zeros are padding, anything else is ignored with a notice.
 *
 * Spec: RFC 1952.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import type { NoticeListener } from "../../notice.ts";
import type { BlobInput } from "../blob_input.ts";
import { type Decompressor, malformed } from "./decompressor.ts";
import { readGzipHeader, readGzipWord } from "./gzip_header.ts";
import type { Inflater } from "./inflater.ts";

const MAGIC_1 = 0x1f;
const MAGIC_2 = 0x8b;

/** Decompresses gzip. */
export class GzipDecompressor implements Decompressor {
  readonly #input: BlobInput;
  readonly #inflater: Inflater;
  readonly #onNotice: NoticeListener;
  #isInMember = false;
  #isAtEnd = false;
  #memberCount = 0;
  #crc = 0;
  // Bytes of the member modulo 2^32.
  #size = 0;

  /** Reads from `input`, whose next byte is the first of a member. */
  constructor(input: BlobInput, inflater: Inflater, onNotice: NoticeListener) {
    this.#input = input;
    this.#inflater = inflater;
    this.#onNotice = onNotice;
  }

  /** See {@linkcode Decompressor.pull}. */
  pull(into: Uint8Array): number | Promise<number> {
    while (!this.#isAtEnd) {
      if (!this.#isInMember && !this.#beginMember()) break;
      const produced = this.#inflater.inflate(this.#input, into);
      if (typeof produced !== "number") return this.#pullSlowly(produced, into);
      if (this.#took(produced, into)) return produced;
    }
    return 0;
  }

  /** See {@linkcode Decompressor.close}. */
  close(): void {
    this.#inflater.close();
  }

  async #pullSlowly(first: Promise<number>, into: Uint8Array): Promise<number> {
    let produced = await first;
    while (!this.#took(produced, into)) {
      if (!this.#isInMember && !this.#beginMember()) return 0;
      produced = await this.#inflater.inflate(this.#input, into);
    }
    return produced;
  }

  /** Counts what the inflater made; `false` where that was nothing because the member ended. */
  #took(produced: number, into: Uint8Array): boolean {
    if (produced > 0) {
      this.#crc = crc32(into.subarray(0, produced), this.#crc);
      this.#size = (this.#size + produced) % 0x1_0000_0000;
    }
    if (this.#inflater.isAtEnd) this.#endMember();
    return produced > 0;
  }

  #beginMember(): boolean {
    const input = this.#input;
    const start = input.position;
    const first = input.readByte();
    const second = first === MAGIC_1 ? input.readByte() : -1;
    if (first !== MAGIC_1 || second !== MAGIC_2) {
      if (this.#memberCount === 0) {
        throw malformed("gzip", start, "there is no gzip member", "the bytes 0x1f 0x8b");
      }
      this.#endBlob(first, start);
      return false;
    }
    readGzipHeader(input);
    this.#inflater.reset();
    this.#isInMember = true;
    this.#memberCount++;
    this.#crc = 0;
    this.#size = 0;
    return true;
  }

  #endMember(): void {
    const input = this.#input;
    const at = input.position;
    const crc = readGzipWord(input);
    const size = readGzipWord(input);
    if (crc !== this.#crc) {
      const expected = `0x${crc.toString(16)} as stated`;
      throw malformed("gzip", at, `the CRC-32 is 0x${this.#crc.toString(16)}`, expected);
    }
    if (size !== this.#size) {
      throw malformed("gzip", at, `the size modulo 2^32 is ${this.#size}`, `${size} as stated`);
    }
    this.#isInMember = false;
  }

  /** Nothing of what follows is a member; `first` is the byte that was read already. */
  #endBlob(first: number, start: number): void {
    this.#isAtEnd = true;
    let byte = first;
    while (byte === 0) byte = this.#input.readByte();
    if (byte < 0) return;
    while (this.#input.drainPiece());
    this.#onNotice({
      code: "TRAILING_DATA",
      message: `Data behind the end of the gzip stream was ignored, from byte ${start} of the blob`,
    });
  }
}
