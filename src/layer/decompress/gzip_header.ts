/**
 * The header of a gzip member.
 *
 * Spec: RFC 1952, section 2.3.
 *
 * @module
 */
import type { BlobInput } from "../blob_input.ts";
import { malformed, truncated } from "./decompressor.ts";

const METHOD_DEFLATE = 8;
const FLAG_HEADER_CRC = 0x02;
const FLAG_EXTRA = 0x04;
const FLAG_NAME = 0x08;
const FLAG_COMMENT = 0x10;
const FLAGS_RESERVED = 0xe0;

/** Most bytes of a name or comment: far above what any writer makes. */
const MAX_TEXT_BYTES = 1024 * 1024;

/**
 * Reads the rest of a member's header, which begins behind the two magic bytes. Throws `ImageError`
 * `CORRUPT` where it is malformed or cut off.
 */
export function readGzipHeader(input: BlobInput): void {
  const method = readByte(input);
  if (method !== METHOD_DEFLATE) {
    throw malformed("gzip", input.position - 1, `the method is ${method}`, "8 (deflate)");
  }
  const flags = readByte(input);
  if ((flags & FLAGS_RESERVED) !== 0) {
    throw malformed(
      "gzip",
      input.position - 1,
      `the flags are 0x${flags.toString(16)}`,
      "none above 0x1f",
    );
  }
  // Time, extra flags and operating system say nothing about the data.
  skip(input, 6);
  if ((flags & FLAG_EXTRA) !== 0) {
    const low = readByte(input);
    skip(input, low + 256 * readByte(input));
  }
  if ((flags & FLAG_NAME) !== 0) skipText(input);
  if ((flags & FLAG_COMMENT) !== 0) skipText(input);
  if ((flags & FLAG_HEADER_CRC) !== 0) skip(input, 2);
}

/** A little-endian u32 of the trailer: CRC-32, or the size modulo 2^32. */
export function readGzipWord(input: BlobInput): number {
  let value = 0;
  for (let unit = 1; unit <= 0x100_0000; unit *= 256) value += unit * readByte(input);
  return value;
}

function readByte(input: BlobInput): number {
  const byte = input.readByte();
  if (byte < 0) throw truncated("gzip", input.position);
  return byte;
}

function skip(input: BlobInput, count: number): void {
  for (let i = 0; i < count; i++) readByte(input);
}

function skipText(input: BlobInput): void {
  const start = input.position;
  while (readByte(input) !== 0) {
    if (input.position - start > MAX_TEXT_BYTES) {
      throw malformed("gzip", start, `a text has more than ${MAX_TEXT_BYTES} bytes`, "fewer");
    }
  }
}
