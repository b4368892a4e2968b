/**
 * Blocks of deflate, with the zlib header and checksum or without: RFC 1950, RFC 1951.
 *
 * @module
 */
import { deflateRawSync, deflateSync, inflateRawSync, inflateSync } from "node:zlib";
import { brokenBlock } from "./broken_block.ts";

/** Room behind the input for what does not compress: header, checksum, stored blocks. */
const OVERHEAD = 1024;

/** Compresses `input` into `output`; answers the size, 0 where it does not fit. */
export function compressDeflate(
  input: Uint8Array,
  output: Uint8Array,
  level: number,
  hasHeader: boolean,
): number {
  const options = { level, chunkSize: input.length + OVERHEAD };
  const bytes = hasHeader ? deflateSync(input, options) : deflateRawSync(input, options);
  if (bytes.length > output.length) return 0;
  output.set(bytes);
  return bytes.length;
}

/** Decompresses `input` into `output`; answers the size. */
export function decompressDeflate(
  input: Uint8Array,
  output: Uint8Array,
  hasHeader: boolean,
): number {
  const what = hasHeader ? "zlib block" : "deflate block";
  // With no more room than it has, a decoder that is done cannot say so.
  const options = { maxOutputLength: output.length, chunkSize: Math.max(64, output.length + 1) };
  let bytes: Uint8Array;
  try {
    bytes = hasHeader ? inflateSync(input, options) : inflateRawSync(input, options);
  } catch (error) {
    const observed = error instanceof Error ? error.message : `${error}`;
    throw brokenBlock(what, observed, `at most ${output.length} bytes of data`, error);
  }
  if (bytes.length > output.length) {
    throw brokenBlock(what, `it has ${bytes.length} bytes`, `at most ${output.length}`);
  }
  output.set(bytes);
  return bytes.length;
}
