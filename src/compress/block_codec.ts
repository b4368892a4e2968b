/**
 * Compression of single blocks, each on its own: what block-based image formats store.
 *
 * `zlib` is a deflate stream with header and checksum (RFC 1950; squashfs calls it gzip),
 * `deflate` one without (RFC 1951), `zstd` one frame that states its content size (RFC 8878),
 * `lz4` a raw LZ4 block, `xz` one xz stream, `lzma` the older `.lzma` form.
 *
 * @module
 */
import type { ImageError } from "../image_error.ts";
import { brokenBlock } from "./broken_block.ts";
import { compressLz4, decompressLz4 } from "./lz4.ts";
import { decompressLzma } from "./lzma.ts";
import { decompressXz } from "./xz.ts";
import { compressDeflate, decompressDeflate } from "./zlib_block.ts";
import { compressZstd, decompressZstd } from "./zstd_block.ts";

/** A way to compress blocks, and how hard it tries. */
export interface BlockCompression {
  /** Which. */
  readonly codec: "zlib" | "deflate" | "zstd" | "lz4";
  /** 1–9 for zlib and deflate, 1–22 for zstd; lz4 has none. */
  readonly level?: number;
  /**
   * zstd: base 2 logarithm, 10 or more, of the bytes that a decoder keeps at most. Without it, as
   * many as a block has.
   */
  readonly windowLog?: number;
}

/** A way to decompress blocks. */
export type BlockDecoder = BlockCompression["codec"] | "xz" | "lzma";

/**
 * Compresses `input` into `output` and answers how many bytes it takes; 0 where it does not fit.
 * The same input gives the same bytes, with the same release of the runtime.
 */
export type CompressBlock = (input: Uint8Array, output: Uint8Array) => number;

/**
 * Decompresses `input`, all of it, into `output` and answers how many bytes came out. Throws
 * `ImageError` `CORRUPT` for broken data and for more than `output` holds; needs no more memory
 * than a small multiple of `output`, whatever the input says.
 */
export type DecompressBlock = (input: Uint8Array, output: Uint8Array) => number;

/** The function that compresses blocks in that way. */
export function blockCompressor({ codec, level, windowLog }: BlockCompression): CompressBlock {
  switch (codec) {
    case "zlib":
      return (input, output) => compressDeflate(input, output, level ?? 9, true);
    case "deflate":
      return (input, output) => compressDeflate(input, output, level ?? 9, false);
    case "zstd":
      return (input, output) => compressZstd(input, output, level ?? 15, windowLog);
    case "lz4":
      return compressLz4;
  }
}

/** The function that decompresses such blocks. */
export function blockDecompressor(decoder: BlockDecoder): DecompressBlock {
  switch (decoder) {
    case "zlib":
      return (input, output) => decompressDeflate(input, output, true);
    case "deflate":
      return (input, output) => decompressDeflate(input, output, false);
    case "zstd":
      return decompressZstd;
    case "lz4":
      return decompressLz4;
    case "xz":
      return decompressXz;
    case "lzma":
      return decompressLzma;
  }
}

/** Decompresses a block of which the size is known. Throws `ImageError` `CORRUPT` for any other. */
export function decompressExactly(
  decompress: DecompressBlock,
  input: Uint8Array,
  output: Uint8Array,
): void {
  const size = decompress(input, output);
  if (size !== output.length) throw wrongSize(size, output.length);
}

function wrongSize(size: number, expected: number): ImageError {
  return brokenBlock("block", `it has ${size} bytes`, `${expected}`);
}
